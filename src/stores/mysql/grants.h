#pragma once
// What an account may do, read from SHOW GRANTS: privileges on everything and on schemas.
// Privileges on single tables and columns are not counted. Values.

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

class Grants {
 public:
  // One line of SHOW GRANTS: "GRANT SELECT, INSERT ON `shop\_%`.* TO …". Others are passed over.
  void add(std::string_view line);

  bool has_everywhere(std::string_view privilege) const;
  bool has_on(std::string_view schema, std::string_view privilege) const;

 private:
  struct Grant {
    std::string schema_pattern;  // as LIKE; "%" for *.*
    std::set<std::string, std::less<>> privileges;
    bool global = false;
  };
  std::vector<Grant> grants_;
};

Grants read_grants(Connection& connection);  // of the connection's account

// The connection's account as a statement names it: `user`@`host`.
std::string account_of(Connection& connection);

// What an account needs on each schema that it makes tables in and writes.
inline constexpr std::array<std::string_view, 9> writer_privileges{
    "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES"};
// The statement that gives all of them to the connection's account.
std::string grant_to_write(Connection& connection, std::string_view schema);

// As LIKE: % any characters, _ one, \ takes their meaning away.
bool like(std::string_view text, std::string_view pattern);

}  // namespace wherry::stores::mysql
