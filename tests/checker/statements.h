// What a client of the checker writes into a table: one statement, drawn at random, of each kind
// that leaves rows in a log. The same random numbers give the same statements.
//
// Thread-safety: values.
#pragma once

#include <string>
#include <vector>

#include "tests/checker/schema.h"

namespace wherry::tests {

std::string column_list(const Table& table);
// (…), one value a column.
std::string random_row(Random& random, const Table& table);

std::string random_insert(Random& random, const Table& table, unsigned rows);
std::string random_write(Random& random, const Table& table);
// Rows from a file of this machine, whose lines are the numbers from 1 on.
std::string random_load(Random& random, const Table& table, const std::string& file);
// The values of a unique column change places, as nobody sees them in between.
// Requires: a further unique key.
std::vector<std::string> swap_of_values(Random& random, const Table& table);

}  // namespace wherry::tests
