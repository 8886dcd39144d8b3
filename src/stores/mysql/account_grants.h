#pragma once
// What SHOW GRANTS says of one account, taken apart: so that what lets it write can be taken away
// by statements, and be given back. Passwords in it are passed over. Values, pure functions.
// Errors: Error(not_supported, "guard.grant_unreadable") for what is not understood.

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::stores::mysql {

struct Account {
  std::string user;
  std::string host;  // empty: a role of MariaDB

  std::string text() const;  // "app@10.0.%", for people
  std::string sql() const;   // "`app`@`10.0.%`"
  friend auto operator<=>(const Account&, const Account&) = default;
};
// Of "app@10.0.%"; what has no @ is a role.
Account account_named(std::string_view text);

struct Privilege {
  std::string name;                  // "CREATE VIEW"
  std::vector<std::string> columns;  // sorted; none = of the whole object
  std::string sql() const;           // "INSERT (`a`, `b`)"
  friend bool operator==(const Privilege&, const Privilege&) = default;
};

// One line.
struct AccountGrant {
  enum class Kind {
    privileges,
    proxy,         // may act as another account
    role,          // one; a line with several becomes several
    default_role,  // those that it has without asking for them
    restriction,   // a privilege on everything that does not hold in one schema (MySQL 8)
  };
  Kind kind = Kind::privileges;
  std::vector<Privilege> privileges;
  std::string on;          // as the server writes it: "*.*", "PROCEDURE `shop`.`p`"; roles
  bool passes_on = false;  // WITH GRANT OPTION, WITH ADMIN OPTION
  std::string require;     // "SSL": what REQUIRE says
  std::string limits;      // "MAX_QUERIES_PER_HOUR 5"

  friend bool operator==(const AccountGrant&, const AccountGrant&) = default;
};

// SHOW GRANTS of a role lists those of its roles, too.
bool is_grant_of(std::string_view line, const Account& account);
std::vector<AccountGrant> read_grant_line(std::string_view line, const Account& of);
// The line without a password, in one form for all servers; read_grant_line() reads it back.
std::string grant_line(const AccountGrant& grant, const Account& of);

// Whether it holds more than reading, or roles; of a role: only its own grants tell.
bool is_more_than_reading(const AccountGrant& grant);
// Whether whoever has it can change data or definitions.
bool is_writing(const AccountGrant& grant);

// Takes away what is more than reading, or the first step to it: of ALL PRIVILEGES one goes, and
// the server then lists the others. Requires: there is something to take away.
std::string revoke_statement(const AccountGrant& grant, const Account& from);
// Gives all of the line, which may be there in part.
std::string grant_statement(const AccountGrant& grant, const Account& to);

// Whether all that `grant` gives is given by `by`, too.
bool is_covered(const AccountGrant& grant, const std::vector<AccountGrant>& by);
// Why an account that has `own` may not take away `grant` and give it back: the statement that
// mends it, for `account`. Nothing if it may.
std::optional<std::string> missing_to_pass_on(const AccountGrant& grant,
                                              const std::vector<AccountGrant>& own,
                                              const Account& account);

}  // namespace wherry::stores::mysql
