// Columns of every type with the values that tools of this kind get wrong, as SQL that a server
// reads with sql_mode='ALLOW_INVALID_DATES' and NAMES utf8mb4.
#pragma once

#include <string>
#include <vector>

#include "tests/support/server.h"

namespace wherry::tests {

struct NastyColumn {
  std::string name;
  std::string declared;
  std::vector<std::string> literals;  // NULL comes besides
  std::vector<ServerKind> holders;    // that know the type
  bool old_temporal = false;          // to be made with MariaDB's mysql56_temporal_format=OFF
};

const std::vector<NastyColumn>& nasty_columns();
bool holds(ServerKind kind, const NastyColumn& column);

// Makes table `schema`.`name` (id INT PRIMARY KEY, v …) with a row for each value and one for NULL,
// id from 1 on. Returns the number of rows.
unsigned make_nasty_table(const Server& server, const std::string& schema,
                          const NastyColumn& column);

}  // namespace wherry::tests
