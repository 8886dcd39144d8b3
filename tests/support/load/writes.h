// The kinds of writes a load consists of. Each appends its statements to a transaction's text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/connection.h"
#include "tests/support/load/draw.h"

namespace wherry::tests {

struct Write {
  std::string table;
  unsigned weight;
  std::function<void(std::string& sql, Draw& draw)> append;
};

// What is written to, and how a connection learns which keys there are.
struct Writes {
  std::vector<Write> kinds;
  std::function<void(Connection&, Draw&)> refresh;
};

// The shop's tables; with names given, only those.
Writes shop_writes(const std::vector<std::string>& tables);

// One table `name` ("bank.t1") of (id bigint pk, v varchar, n int, u int unique null, ts
// timestamp).
Writes simple_writes(const std::string& name);
// Creates it with `rows` rows unless it exists.
void create_simple_table(Connection& connection, const std::string& name, std::uint64_t rows,
                         std::uint64_t seed);

// Statements that exchange `column` between two rows; it is unique, so one row holds
// `temporary` meanwhile. A row that is not there gives NULL.
std::string swap_values(const std::string& table, const std::string& column,
                        const std::string& first, const std::string& second,
                        const std::string& temporary);

}  // namespace wherry::tests
