#include "stores/mysql/guard_read_only.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/account_reader.h"
#include "stores/mysql/guard_undo.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using model::Severity;
using nlohmann::json;

bool is_on(Connection& connection) {
  return connection.query("SELECT @@GLOBAL.read_only").number(0, std::size_t{0}) == 1U;
}

// A server that lets nobody write would keep out Wherry, too.
bool is_super_on(Connection& connection) {
  const Result r = connection.query("SHOW GLOBAL VARIABLES LIKE 'super\\_read\\_only'");
  return !r.empty() && r.text(0, "Value") == "ON";
}

struct Privileges {
  std::vector<std::string_view> to_bypass;  // any of them does
  std::vector<std::string_view> to_set;
};

Privileges privileges_of(const ServerVersion& server) {
  constexpr unsigned own_privilege_since = 100502;  // MariaDB
  constexpr unsigned not_of_super_since = 101100;
  if (!server.is_mariadb()) {
    if (server.number < 80000) return {{"SUPER"}, {"SUPER"}};
    return {{"SUPER", "CONNECTION_ADMIN"}, {"SUPER", "SYSTEM_VARIABLES_ADMIN"}};
  }
  if (server.number < own_privilege_since) return {{"SUPER"}, {"SUPER"}};
  if (server.number < not_of_super_since) {
    return {{"SUPER", "READ_ONLY ADMIN"}, {"SUPER", "READ_ONLY ADMIN"}};
  }
  return {{"READ_ONLY ADMIN"}, {"READ_ONLY ADMIN"}};
}

bool has_any(const std::vector<AccountGrant>& grants,
             const std::vector<std::string_view>& privileges) {
  return std::any_of(grants.begin(), grants.end(), [&](const AccountGrant& grant) {
    if (grant.kind != AccountGrant::Kind::privileges || grant.on != "*.*") return false;
    return std::any_of(grant.privileges.begin(), grant.privileges.end(), [&](const Privilege& p) {
      return p.name == "ALL PRIVILEGES" ||
             std::find(privileges.begin(), privileges.end(), p.name) != privileges.end();
    });
  });
}

std::string grant_of(const std::vector<std::string_view>& privileges, const Account& account) {
  return fmt::format("GRANT {} ON *.* TO {};", privileges.back(), base::printable(account.sql()));
}

// Who bypasses it, as far as our account may look.
void add_bypassing(Connection& connection, const Account& own,
                   const std::vector<std::string_view>& privileges,
                   std::vector<model::Finding>& findings) {
  std::vector<Account> accounts;
  try {
    accounts = read_accounts(connection);
  } catch (const Error& e) {
    if (e.code() != "mysql.privilege") throw;
    findings.push_back({Severity::warning, "guard.privilege_missing", base::printable(own.text()),
                        "it may not look at which accounts write to a server that is read_only",
                        "GRANT SELECT ON `mysql`.* TO " + base::printable(own.sql()) + ";"});
  }
  for (const auto& account : accounts) {
    if (account == own) continue;
    try {
      if (!has_any(read_account_grants(connection, account), privileges)) continue;
      findings.push_back({Severity::warning, "guard.bypasses", base::printable(account.text()),
                          "it may write to a server that is read_only",
                          "see to it that nobody uses it while the side is sealed"});
    } catch (const Error& e) {
      if (e.may_retry() || e.kind() == base::ErrorKind::cancelled) throw;
      findings.push_back({Severity::warning, "guard.grant_unreadable",
                          base::printable(account.text()), e.message(),
                          "look at SHOW GRANTS FOR " + base::printable(account.sql())});
    }
  }
}

}  // namespace

std::vector<model::Finding> ReadOnlyGuard::assess() {
  const auto connection = server_.connect();
  const Privileges needed = privileges_of(connection->server());
  const Account own = own_account(*connection);
  const auto own_grants = read_own_grants(*connection);
  std::vector<model::Finding> findings;
  const auto need = [&](const std::vector<std::string_view>& privileges, std::string why) {
    if (has_any(own_grants, privileges)) return;
    findings.push_back({Severity::blocker, "guard.privilege_missing", base::printable(own.text()),
                        std::move(why), grant_of(privileges, own)});
  };
  need(needed.to_set, "it may not set read_only");
  need(needed.to_bypass, "it could not write any more either");
  if (is_super_on(*connection)) {
    findings.push_back({Severity::blocker, "guard.super_read_only", server_.side,
                        "super_read_only is ON: nobody can write, Wherry neither",
                        "SET GLOBAL super_read_only=OFF;"});
  }
  add_bypassing(*connection, own, needed.to_bypass, findings);
  return findings;
}

contract::GuardUndo ReadOnlyGuard::look() {
  const bool was_on = is_on(*server_.connect());
  return {json{{"read_only", was_on}}.dump(),
          {fmt::format("SET GLOBAL read_only={}", was_on ? "ON" : "OFF")}};
}

void ReadOnlyGuard::raise(const contract::GuardUndo& /*undo*/, const std::stop_token& stop) {
  const auto connection = server_.connect(stop);
  // Waits for statements that write and for LOCK TABLES. What is open cannot commit afterwards.
  if (!is_on(*connection)) connection->execute("SET GLOBAL read_only=ON");
}

std::vector<contract::Writer> ReadOnlyGuard::drain(std::chrono::milliseconds /*patience*/,
                                                   const std::stop_token& stop) {
  const auto connection = server_.connect(stop);
  if (is_on(*connection)) return {};
  return {{"everybody", "read_only is OFF again; a server forgets it when it is started"}};
}

void ReadOnlyGuard::lower(const contract::GuardUndo& undo, const std::stop_token& stop) {
  bool was_on = false;
  try {
    was_on = json::parse(undo.state).at("read_only").get<bool>();
  } catch (const json::exception&) {
    throw_undo_damaged(name());
  }
  const auto connection = server_.connect(stop);
  const std::string refusal = run_undo(*connection, undo);
  if (is_on(*connection) == was_on) return;
  throw not_restored(name(), was_on ? "read_only is OFF" : "read_only is ON", refusal);
}

}  // namespace wherry::stores::mysql
