#pragma once
// What a change of definition does to which tables, as far as its words tell: enough to exchange
// names and to know what to refuse. What it *means* is learnt from a server (ddl_apply.h). Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/schema.h"
#include "stores/mysql/sql_tokens.h"

namespace wherry::stores::mysql {

enum class DdlKind {
  create_table,
  create_table_like,  // tables: the new one, the model
  create_table_select,
  drop_table,
  alter_table,
  rename_table,  // tables: from, to, from, to …
  truncate_table,
  exchange_partition,  // by ALTER TABLE; tables: both
  discard_tablespace,  // by ALTER TABLE
  import_tablespace,   // by ALTER TABLE
  create_index,
  drop_index,
  create_schema,
  drop_schema,
  alter_schema,
  not_carried,  // views, routines, triggers, events, accounts, temporary tables: not of a
                // migration's tables
  no_change,    // maintenance: no definition and no row changes
  unknown,
};

// A name as it stands in the statement.
struct NamedTable {
  model::CollectionName name;
  std::size_t begin = 0;  // bytes of the statement
  std::size_t end = 0;
};

struct DdlStatement {
  DdlKind kind = DdlKind::unknown;
  std::string what;  // "alter table"
  bool if_not_exists = false;
  bool or_replace = false;
  std::vector<NamedTable> tables;
  std::optional<NamedTable> renamed_to;  // by ALTER TABLE
  std::vector<NamedTable> references;    // of foreign keys
  bool cascades = false;                 // one of them changes rows by itself
  bool counts_only = false;          // ALTER TABLE … AUTO_INCREMENT = n: columns and rows stay
  std::optional<NamedTable> schema;  // its name as `name.schema`; begin == end if not written
  bool schema_names_charset = false;
  std::vector<std::pair<std::size_t, std::size_t>> json_types;  // of columns
  std::vector<std::pair<std::size_t, std::size_t>> marks;       // that are left out: of
                                                                // executable comments, and more
  // Why it must not be applied to a table that is moved; empty if nothing speaks against it.
  std::string refusal_code;
  std::string refusal;
};

// Unqualified names are of `default_schema`. Throws Error(not_supported, "ddl.unreadable").
DdlStatement read_ddl(std::string_view sql, SqlDialect dialect, const std::string& default_schema);

}  // namespace wherry::stores::mysql
