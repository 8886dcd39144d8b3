#include "stores/mysql/assess_accounts.h"

#include <algorithm>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/account_reader.h"
#include "stores/mysql/grants.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using model::Severity;

std::string quoted(const Account& account) { return base::printable(account.sql()); }

class Assessment {
 public:
  Assessment(Connection& connection, const std::vector<Account>& named)
      : c_(connection), named_(named), own_(own_account(connection)) {}

  std::vector<model::Finding> run() {
    if (!may_look()) return std::move(findings_);
    own_grants_ = read_own_grants(c_);
    check_sessions();
    for (const auto& account : named_) {
      check(account, [&] { check_named(account); });
    }
    for (const auto& account : read_accounts(c_)) {
      if (account != own_ && !is_named(account)) check(account, [&] { check_other(account); });
    }
    check_everybody();
    return std::move(findings_);
  }

 private:
  void add(Severity severity, std::string code, const std::string& subject, std::string why,
           std::string what_to_do) {
    findings_.push_back({severity, std::move(code), base::printable(subject), std::move(why),
                         std::move(what_to_do)});
  }

  void add_missing_privilege(std::string why, std::string grant) {
    add(Severity::blocker, "guard.privilege_missing", own_.text(), std::move(why),
        std::move(grant));
  }

  bool is_named(const Account& account) const {
    return std::find(named_.begin(), named_.end(), account) != named_.end();
  }

  bool may_look() {
    try {
      c_.query("SELECT User FROM mysql.user LIMIT 1");
      c_.query("SELECT User FROM mysql.db LIMIT 1");
      return true;
    } catch (const Error& e) {
      if (e.code() != "mysql.privilege") throw;
      add_missing_privilege("it may not look at what other accounts may do",
                            "GRANT SELECT ON `mysql`.* TO " + quoted(own_) + ";");
      return false;
    }
  }

  void check_sessions() {
    const Grants grants = read_grants(c_);
    if (!grants.has_everywhere("PROCESS")) {
      add_missing_privilege("it may not see the sessions of other accounts",
                            "GRANT PROCESS ON *.* TO " + quoted(own_) + ";");
    }
    const bool by_admin = c_.server().number >= (c_.server().is_mariadb() ? 100502U : 80000U);
    const bool may_end =
        grants.has_everywhere("SUPER") || (by_admin && (grants.has_everywhere("CONNECTION ADMIN") ||
                                                        grants.has_everywhere("CONNECTION_ADMIN")));
    if (may_end) return;
    const char* privilege = !by_admin                  ? "SUPER"
                            : c_.server().is_mariadb() ? "CONNECTION ADMIN"
                                                       : "CONNECTION_ADMIN";
    add_missing_privilege("it may not end the sessions of other accounts",
                          fmt::format("GRANT {} ON *.* TO {};", privilege, quoted(own_)));
  }

  // What cannot be understood is a finding about that account.
  template <typename Check>
  void check(const Account& account, const Check& look) {
    try {
      look();
    } catch (const Error& e) {
      if (e.may_retry() || e.kind() == base::ErrorKind::cancelled) throw;
      add(is_named(account) ? Severity::blocker : Severity::warning, "guard.grant_unreadable",
          account.text(), e.message(), "look at SHOW GRANTS FOR " + quoted(account));
    }
  }

  void check_named(const Account& account) {
    if (account.user == own_.user) {
      add(Severity::blocker, "guard.own_account", account.text(),
          "Wherry itself connects as " + base::printable(own_.text()) +
              ", and sessions of one user name cannot be told apart",
          "give Wherry an account with a name of its own");
      return;
    }
    if (account.user.empty()) {
      add(Severity::blocker, "guard.anonymous_account", account.text(),
          "its sessions have any user name, so they cannot be told from others",
          "give the application an account with a name");
      return;
    }
    if (!is_there(c_, account)) {
      add(Severity::blocker, "guard.account_missing", account.text(),
          "the server has no such account",
          "write user and host as in SELECT User, Host FROM "
          "mysql.user");
      return;
    }
    const auto grants = read_account_grants(c_, account);
    for (const auto& grant : grants) {
      if (is_more_than_reading(grant)) check_may_pass_on(grant, account);
    }
    for (const auto& role : roles_beyond_reading(c_, grants)) check_may_pass_on(role, account);
  }

  void check_may_pass_on(const AccountGrant& grant, const Account& account) {
    const auto mend = missing_to_pass_on(grant, own_grants_, own_);
    if (!mend) return;
    add_missing_privilege(
        fmt::format("it may not take from {} and give back: {}", base::printable(account.text()),
                    base::printable(grant_statement(grant, account))),
        base::printable(*mend));
  }

  void check_other(const Account& account) {
    const auto grants = read_account_grants(c_, account);
    const bool writes = std::any_of(grants.begin(), grants.end(), is_writing) ||
                        !roles_beyond_reading(c_, grants).empty();
    if (!writes) return;
    const auto same = std::find_if(named_.begin(), named_.end(), [&](const Account& named) {
      return named.user == account.user;
    });
    if (same != named_.end()) {
      add(Severity::blocker, "guard.account_not_named", account.text(),
          fmt::format("what it may do in schemas, the server lets {} do as well",
                      base::printable(same->text())),
          "name it in cutover: guards: accounts, too");
    } else {
      add(Severity::warning, "guard.account_not_named", account.text(),
          "it may write, and goes on to while the side is sealed",
          "name it in cutover: guards: accounts, or see to it that nobody uses it then");
    }
  }

  void check_everybody() {
    const auto all = read_public_grants(c_);
    if (std::any_of(all.begin(), all.end(), is_writing)) {
      add(Severity::blocker, "guard.anybody_writes", "PUBLIC",
          "every account may write by what is granted to PUBLIC",
          "grant that to the accounts that need it, and REVOKE it FROM PUBLIC");
    }
    for (const auto& schema : schemas_open_to_all(c_)) {
      // So MySQL 5.6 comes out of its box.
      const bool of_tests = schema == "test" || schema == "test\\_%";
      add(of_tests ? Severity::warning : Severity::blocker, "guard.anybody_writes", schema,
          "every account may write there, by a row of mysql.db without a user",
          "DELETE FROM mysql.db WHERE User=''; FLUSH PRIVILEGES;");
    }
  }

  Connection& c_;
  const std::vector<Account>& named_;
  const Account own_;
  std::vector<AccountGrant> own_grants_;
  std::vector<model::Finding> findings_;
};

}  // namespace

std::vector<model::Finding> assess_accounts(Connection& connection,
                                            const std::vector<Account>& accounts) {
  return Assessment(connection, accounts).run();
}

}  // namespace wherry::stores::mysql
