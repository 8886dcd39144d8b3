#include "stores/mysql/account_reader.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "stores/mysql/progress_schema.h"

namespace wherry::stores::mysql {

namespace {

constexpr unsigned public_since = 101100;  // MariaDB
constexpr std::array<std::string_view, 4> of_the_server{"mysql.sys", "mysql.session",
                                                        "mysql.infoschema", "mariadb.sys"};

bool has_roles_as_accounts(const ServerVersion& server) {
  return !server.is_mariadb() && server.number >= 80000;
}

bool is_role(const Account& account) { return account.host.empty(); }

std::vector<AccountGrant> grants_in(const Result& lines, const Account& of) {
  std::vector<AccountGrant> out;
  for (std::size_t row = 0; row < lines.rows(); ++row) {
    const std::string line = lines.text(row, std::size_t{0});
    if (is_role(of) && !is_grant_of(line, of)) continue;
    auto more = read_grant_line(line, of);
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }
  return out;
}

std::string where_account(const Account& account) {
  return " WHERE User=" + bytes_literal(account.user) + " AND Host=" + bytes_literal(account.host);
}

// MySQL's SHOW GRANTS does not tell them.
void add_default_roles(Connection& connection, const Account& account,
                       std::vector<AccountGrant>& grants) {
  const Result r =
      connection.query("SELECT DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST FROM mysql.default_roles" +
                       where_account(account) + " ORDER BY 1, 2");
  AccountGrant all;
  all.kind = AccountGrant::Kind::default_role;
  for (std::size_t row = 0; row < r.rows(); ++row) {
    if (!all.on.empty()) all.on += ",";
    all.on += Account{r.text(row, std::size_t{0}), r.text(row, std::size_t{1})}.sql();
  }
  if (!all.on.empty()) grants.push_back(std::move(all));
}

Account role_named(std::string_view quoted) {
  // As Account::sql() writes it.
  Account role;
  std::string* part = &role.user;
  for (std::size_t i = 1; i < quoted.size(); ++i) {
    if (quoted[i] != '`') {
      *part += quoted[i];
    } else if (i + 1 < quoted.size() && quoted[i + 1] == '`') {
      *part += quoted[i++];
    } else {
      i += 2;  // "@`"
      part = &role.host;
    }
  }
  return role;
}

bool is_beyond_reading(Connection& connection, const std::vector<AccountGrant>& grants,
                       std::set<std::string>& seen) {
  return std::any_of(grants.begin(), grants.end(), [&](const AccountGrant& grant) {
    if (grant.kind != AccountGrant::Kind::role) return is_more_than_reading(grant);
    if (!seen.insert(grant.on).second) return false;
    return is_beyond_reading(connection, read_account_grants(connection, role_named(grant.on)),
                             seen);
  });
}

}  // namespace

std::vector<Account> read_accounts(Connection& connection) {
  std::string sql = "SELECT User, Host FROM mysql.user";
  if (connection.server().is_mariadb()) sql += " WHERE is_role='N' AND Host<>''";
  // Roles are locked accounts.
  if (has_roles_as_accounts(connection.server())) sql += " WHERE account_locked='N'";
  const Result r = connection.query(sql);
  std::vector<Account> out;
  for (std::size_t row = 0; row < r.rows(); ++row) {
    Account account{r.text(row, std::size_t{0}), r.text(row, std::size_t{1})};
    if (std::find(of_the_server.begin(), of_the_server.end(), account.user) !=
        of_the_server.end()) {
      continue;
    }
    out.push_back(std::move(account));
  }
  return out;
}

bool is_there(Connection& connection, const Account& account) {
  return !connection.query("SELECT 1 FROM mysql.user" + where_account(account)).empty();
}

Account own_account(Connection& connection) {
  return account_named(connection.scalar("SELECT CURRENT_USER()").value_or(""));
}

std::vector<AccountGrant> read_account_grants(Connection& connection, const Account& account) {
  auto grants = grants_in(connection.query("SHOW GRANTS FOR " + account.sql()), account);
  if (has_roles_as_accounts(connection.server())) add_default_roles(connection, account, grants);
  return grants;
}

std::vector<AccountGrant> read_own_grants(Connection& connection) {
  return grants_in(connection.query("SHOW GRANTS FOR CURRENT_USER()"), own_account(connection));
}

std::vector<AccountGrant> read_public_grants(Connection& connection) {
  if (!connection.server().is_mariadb() || connection.server().number < public_since) return {};
  return grants_in(connection.query("SHOW GRANTS FOR PUBLIC"), {"PUBLIC", {}});
}

std::vector<std::string> schemas_open_to_all(Connection& connection) {
  const Result r = connection.query(
      "SELECT DISTINCT Db FROM mysql.db WHERE User='' AND 'Y' IN (Insert_priv, Update_priv, "
      "Delete_priv, Create_priv, Drop_priv, Alter_priv, Execute_priv, Trigger_priv, Event_priv)");
  std::vector<std::string> out;
  for (std::size_t row = 0; row < r.rows(); ++row) out.push_back(r.text(row, std::size_t{0}));
  return out;
}

std::vector<AccountGrant> roles_beyond_reading(Connection& connection,
                                               const std::vector<AccountGrant>& grants) {
  std::vector<AccountGrant> out;
  for (const auto& grant : grants) {
    if (grant.kind != AccountGrant::Kind::role) continue;
    std::set<std::string> seen;
    if (is_beyond_reading(connection, {grant}, seen)) out.push_back(grant);
  }
  return out;
}

}  // namespace wherry::stores::mysql
