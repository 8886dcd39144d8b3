// Random tables and values for the checker: every type and key that is carried, with the values
// that tools of this kind have lost. The same random numbers give the same tables.
//
// Thread-safety: values.
#pragma once

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/support/server.h"

namespace wherry::tests {

using Random = std::mt19937;

// 0 … most-1.
unsigned pick(Random& random, unsigned most);

struct Column {
  std::string name;
  std::string type;  // as declared, without NULL and DEFAULT
  bool nullable = true;
  std::string generated = {};  // "AS (…) STORED"; nobody writes it; empty: none

  // Nobody changes its definition, as others are made of it.
  bool is_base() const { return name[0] == 'k' || name[0] == 'u' || !generated.empty(); }
};

struct Table {
  std::string name;
  std::vector<Column> columns;
  std::vector<std::size_t> key;     // of `columns`; empty: none
  std::vector<std::size_t> unique;  // a further unique key; empty: none
  bool key_is_primary = true;
  bool unique_prefix = false;  // that key holds only the beginning of its column
  unsigned partitions = 0;     // by the key's first column; 0: none
  std::string foreign_key;     // as declared; empty: none

  const Column* column(const std::string& of_name) const;
  std::vector<std::size_t> written() const;  // the columns that are not generated
};

// What kinds of tables are made.
struct SchemaOptions {
  std::vector<ServerKind> sides{ServerKind::mariadb};  // that have to hold them as they are
  bool tables_without_key = true;
};

// Between backticks.
std::string in_backticks(const std::string& name);

Table random_table(Random& random, const std::string& name, const SchemaOptions& options);
// A table whose rows go, or change, with those of `parent`, whose key is one INT.
Table random_child(Random& random, const std::string& name, const std::string& parent);
Table parent_of_children(const std::string& name);
// A column that may be added to a table.
Column random_column(Random& random, const std::string& name, const Table& table,
                     const SchemaOptions& options);
// One that is made of the first, if that is of a type which all servers take alike.
std::optional<Column> generated_column(Random& random, const Table& table,
                                       const SchemaOptions& options);
// `name` TYPE …, as in CREATE and ALTER TABLE.
std::string declaration(const Column& column);
// CREATE TABLE …
std::string create(const Table& table);
// A literal or an expression; of few values where the column is part of a key, so that clients
// meet.
std::string random_value(Random& random, const Table& table, std::size_t column);
std::string random_value(Random& random, const Column& column);

}  // namespace wherry::tests
