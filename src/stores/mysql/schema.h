#pragma once
// Definitions of tables, read from information_schema of MariaDB and MySQL.
// Character sets and collations are named as MariaDB names them: MySQL's "utf8" is "utf8mb3", so
// that both sides compare. Errors: those of the connection. Names the account may not see do not
// exist for it.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "contract/row_store.h"
#include "model/schema.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Schemas of the server itself, and ours: never moved.
bool is_system_schema(std::string_view schema);

// A table that stands for any that may be made in a schema, to ask filters and routes for.
inline constexpr std::string_view any_table = "wherry_any_table";

// A character set or collation by the name that model::Column has, whatever a server calls it.
std::string one_name(std::string name);
// Those that the server knows, by that name.
std::set<std::string> read_collations(Connection& connection);

// All chosen tables (base tables, system-versioned ones included), by schema and name.
std::vector<model::TableSchema> read_tables(Connection& connection,
                                            const contract::TableFilter& filter);
// One table; nothing if it does not exist or is a view. In two parts: what is asked, and what the
// answers say.
std::vector<std::string> table_questions(const model::CollectionName& name);
std::optional<model::TableSchema> table_of(const std::vector<Result>& answers,
                                           const model::CollectionName& name);
std::optional<model::TableSchema> read_table(Connection& connection,
                                             const model::CollectionName& name);

// The server's own words for a table. Throws Error(data_mismatch) if there is no such table.
std::string show_create(Connection& connection, const model::CollectionName& name);
// Of many, some dozens in a round trip if the connection was opened for it; nothing for a table
// that is not there.
std::vector<std::optional<std::string>> show_create(
    Connection& connection, const std::vector<model::CollectionName>& names);

// From the words of information_schema.COLUMNS. Pure; for tests and for what describes columns
// alike.
model::ColumnType column_type(std::string_view data_type);
std::uint32_t member_count(std::string_view declared);  // of "enum('a','b''c')"
// The key that identifies rows: sets `key` and `key_index` from `columns` and `unique_keys`.
// `usable` are names of unique keys that can be read in order (not hashed, not hidden from the
// optimizer).
void choose_key(model::TableSchema& table, const std::vector<std::string>& usable);

}  // namespace wherry::stores::mysql
