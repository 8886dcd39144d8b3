#pragma once
// What a statement in the binlog is, told by its first words. Comments are passed over; what stands
// in executable ones (/*!40005 … */) counts. Pure functions.

#include <string>
#include <string_view>

namespace wherry::stores::mysql {

enum class StatementKind {
  begin,
  commit,
  rollback,
  savepoint,
  rollback_to,
  xa,
  rows,            // changes rows: logged in statement format
  administration,  // says nothing about tables or their rows: statistics, flushes
  accounts,        // users, roles, privileges
  temporary,       // a temporary table: of its session alone
  definition,      // all others
};

StatementKind kind_of(std::string_view statement);
// The name in SAVEPOINT and ROLLBACK TO, without its quotes; empty if there is none.
std::string savepoint_name(std::string_view statement);
// Of a statement about accounts, what it is: "GRANT", "CREATE USER". Nothing that may be secret.
std::string account_statement(std::string_view statement);
// The first words for a message, printable, without values that may be secret.
std::string statement_head(std::string_view statement);

}  // namespace wherry::stores::mysql
