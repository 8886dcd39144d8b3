#include "stores/mysql/guard_accounts.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/account_reader.h"
#include "stores/mysql/assess_accounts.h"
#include "stores/mysql/guard_undo.h"
#include "stores/mysql/old_sessions.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using nlohmann::json;

// What an account had, without passwords.
using Had = std::map<Account, std::vector<AccountGrant>>;

std::string subject(const Account& account) { return "account " + base::printable(account.text()); }

std::vector<std::string> lines_of(const std::vector<AccountGrant>& grants, const Account& of) {
  std::vector<std::string> out;
  for (const auto& grant : grants) out.push_back(grant_line(grant, of));
  // The server lists them in an order that it does not keep.
  std::sort(out.begin(), out.end());
  return out;
}

std::string state_of(const Had& had) {
  json accounts = json::array();
  for (const auto& [account, grants] : had) {
    json lines = json::array();
    for (const auto& line : lines_of(grants, account)) lines.push_back(base::printable(line));
    accounts.push_back({{"user", base::printable(account.user)},
                        {"host", base::printable(account.host)},
                        {"grants", std::move(lines)}});
  }
  return json{{"accounts", std::move(accounts)}}.dump();
}

std::string bytes_in(const json& text) {
  auto bytes = base::unprintable(text.get<std::string>());
  if (!bytes) throw_undo_damaged("accounts");
  return *std::move(bytes);
}

Had had_in(const contract::GuardUndo& undo) {
  try {
    const json state = json::parse(undo.state);
    Had had;
    for (const auto& entry : state.at("accounts")) {
      const Account account{bytes_in(entry.at("user")), bytes_in(entry.at("host"))};
      auto& grants = had[account];
      for (const auto& line : entry.at("grants")) {
        for (auto& grant : read_grant_line(bytes_in(line), account)) {
          grants.push_back(std::move(grant));
        }
      }
    }
    return had;
  } catch (const json::exception&) {
    throw_undo_damaged("accounts");
  }
}

// Accounts that are gone are not made anew by a GRANT to them, without a password.
std::string no_new_accounts(const ServerVersion& server) {
  const bool makes_none = !server.is_mariadb() && server.number >= 80000;
  return makes_none ? "SET SESSION sql_mode=''" : "SET SESSION sql_mode='NO_AUTO_CREATE_USER'";
}

// Restrictions and default roles come after what they are about.
std::vector<std::string> statements_to_give_back(const ServerVersion& server, const Had& had,
                                                 const std::map<Account, bool>& has_roles) {
  std::vector<std::string> out{"SET NAMES utf8mb4", no_new_accounts(server)};
  using Kind = AccountGrant::Kind;
  for (const auto& [account, grants] : had) {
    const bool roles = has_roles.at(account);
    for (const auto& grant : grants) {
      if (is_more_than_reading(grant) || (roles && grant.kind == Kind::role)) {
        out.push_back(grant_statement(grant, account));
      }
    }
    for (const auto& grant : grants) {
      if (grant.kind == Kind::restriction || (roles && grant.kind == Kind::default_role)) {
        out.push_back(grant_statement(grant, account));
      }
    }
  }
  return out;
}

void refuse_own(Connection& connection, const std::vector<Account>& accounts) {
  const Account own = own_account(connection);
  for (const auto& account : accounts) {
    if (account.user != own.user && !account.user.empty()) continue;
    throw Error(ErrorKind::rejected, "guard.own_account",
                account.user.empty() ? "an account without a name cannot be guarded"
                                     : "Wherry's own account cannot be guarded",
                subject(account));
  }
}

void require_there(Connection& connection, const Account& account) {
  if (is_there(connection, account)) return;
  throw Error(ErrorKind::rejected, "guard.account_missing",
              "the server has no such account; write user and host as in SELECT User, Host FROM "
              "mysql.user",
              subject(account));
}

// One after the other, until nothing but reading is left.
void take_away(Connection& connection, const Account& account,
               const std::vector<AccountGrant>& had) {
  constexpr int most_rounds = 4;
  for (int round = 0; round < most_rounds; ++round) {
    const auto now = read_account_grants(connection, account);
    for (const auto& grant : now) {
      if (is_covered(grant, had)) continue;
      throw Error(
          ErrorKind::rejected, "guard.changed",
          "it was given more since the guard was prepared, which could not be given back: " +
              base::printable(grant_statement(grant, account)),
          subject(account));
    }
    std::vector<std::string> statements;
    for (const auto& grant : now) {
      if (is_more_than_reading(grant)) statements.push_back(revoke_statement(grant, account));
    }
    for (const auto& role : roles_beyond_reading(connection, now)) {
      statements.push_back(revoke_statement(role, account));
    }
    if (statements.empty()) return;
    for (const auto& statement : statements) connection.execute(statement);
  }
  throw Error(ErrorKind::rejected, "guard.not_raised",
              "the server did not take away what lets it write", subject(account));
}

std::string difference(const std::vector<std::string>& before,
                       const std::vector<std::string>& after) {
  std::vector<std::string> lost;
  std::vector<std::string> more;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                      std::back_inserter(lost));
  std::set_difference(after.begin(), after.end(), before.begin(), before.end(),
                      std::back_inserter(more));
  std::string out;
  for (const auto& line : lost) out += ", had " + base::printable(line);
  for (const auto& line : more) out += ", has " + base::printable(line);
  return out;
}

// "" if each account has what it had.
std::string what_differs(Connection& connection, const Had& had) {
  std::string out;
  for (const auto& [account, grants] : had) {
    std::string of_this;
    if (!is_there(connection, account)) {
      of_this = " is gone";
    } else {
      const auto now = read_account_grants(connection, account);
      of_this = difference(lines_of(grants, account), lines_of(now, account));
    }
    if (of_this.empty()) continue;
    if (!out.empty()) out += "; ";
    out += base::printable(account.text()) + of_this;
  }
  return out;
}

}  // namespace

AccountsGuard::AccountsGuard(GuardedServer server, const std::vector<std::string>& accounts)
    : server_(std::move(server)) {
  for (const auto& text : accounts) accounts_.push_back(account_named(text));
  std::sort(accounts_.begin(), accounts_.end());
  accounts_.erase(std::unique(accounts_.begin(), accounts_.end()), accounts_.end());
}

std::vector<model::Finding> AccountsGuard::assess() {
  return assess_accounts(*server_.connect(), accounts_);
}

contract::GuardUndo AccountsGuard::look() {
  const auto connection = server_.connect();
  refuse_own(*connection, accounts_);
  Had had;
  std::map<Account, bool> has_roles;
  for (const auto& account : accounts_) {
    require_there(*connection, account);
    auto grants = read_account_grants(*connection, account);
    has_roles[account] = !roles_beyond_reading(*connection, grants).empty();
    had[account] = std::move(grants);
  }
  return {state_of(had), statements_to_give_back(connection->server(), had, has_roles)};
}

void AccountsGuard::raise(const contract::GuardUndo& undo, const std::stop_token& stop) {
  const Had had = had_in(undo);
  const auto connection = server_.connect(stop);
  refuse_own(*connection, accounts_);
  for (const auto& account : accounts_) {
    const auto known = had.find(account);
    if (known == had.end()) {
      throw Error(ErrorKind::rejected, "guard.changed",
                  "it was not among the accounts when the guard was prepared", subject(account));
    }
    require_there(*connection, account);
    take_away(*connection, account, known->second);
  }
  raised_at_ = newest_session(*server_.connect(stop));
}

std::vector<contract::Writer> AccountsGuard::drain(std::chrono::milliseconds patience,
                                                   const std::stop_token& stop) {
  const auto connection = server_.connect(stop);
  raised_at_ = still_before(*connection, raised_at_);
  const auto is_meant = [&](const Session& session) {
    // Whose name is not known yet may have been let in by what was allowed before.
    return session.user == "unauthenticated user" ||
           std::any_of(accounts_.begin(), accounts_.end(),
                       [&](const Account& account) { return account.user == session.user; });
  };
  return end_sessions(*connection,
                      {.before = raised_at_,
                       .are_meant = is_meant,
                       .why = "it was connected before, and keeps what it was allowed then"},
                      patience, stop);
}

void AccountsGuard::lower(const contract::GuardUndo& undo, const std::stop_token& stop) {
  const Had had = had_in(undo);
  const auto connection = server_.connect(stop);
  if (what_differs(*connection, had).empty()) return;
  const std::string refusal = run_undo(*connection, undo);
  const std::string difference = what_differs(*connection, had);
  if (!difference.empty()) throw not_restored(name(), difference, refusal);
}

}  // namespace wherry::stores::mysql
