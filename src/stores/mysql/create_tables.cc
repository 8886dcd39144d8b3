#include "stores/mysql/create_tables.h"

#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/create_statement.h"
#include "stores/mysql/late_indexes.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/made_objects.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/schema_maker.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/source.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using contract::TablePair;
using model::CollectionName;

enum class Origin { made, found };

// Written before the table is made: a table without it is not ours.
void note_as_ours(Connection& connection, const contract::Fence& fence, const CollectionName& name,
                  Origin origin) {
  connection.execute("START TRANSACTION");
  connection.execute(fmt::format("REPLACE INTO `_wherry`.`made_table` VALUES ({},{},{},{})",
                                 bytes_literal(fence.migration), bytes_literal(name.schema),
                                 bytes_literal(name.name), origin == Origin::found ? 1 : 0));
  check_fence(connection, fence);
  connection.execute("COMMIT");
}

void forget_as_ours(Connection& connection, const contract::Fence& fence,
                    const CollectionName& name) {
  connection.execute("DELETE FROM `_wherry`.`made_table`" + where_table(fence.migration, name));
}

bool has_rows(Connection& connection, const CollectionName& name) {
  return !connection.query("SELECT 1 FROM " + qualified(name) + " LIMIT 1").empty();
}

void require_no_rows(Connection& connection, const CollectionName& name) {
  if (!has_rows(connection, name)) return;
  throw Error(ErrorKind::rejected, "target.table_exists",
              "the target has a table of this name with rows that Wherry did not put there: drop "
              "it, or move to another name",
              name.text());
}

// What an attempt at planning made, and a later one may want otherwise or not at all.
void drop_what_was_made(Connection& connection, const contract::Fence& fence) {
  for (const auto& name : tables_made(connection, fence.migration)) {
    if (read_table(connection, name)) {
      require_no_rows(connection, name);
      check_fence(connection, fence);
      connection.execute("DROP TABLE " + qualified(name));
    }
    forget_as_ours(connection, fence, name);
  }
}

void require_like(const TablePair& pair, const std::optional<model::TableSchema>& found) {
  if (found && found->takes_rows_of(pair.source)) return;
  throw Error(ErrorKind::rejected, "target.table_differs",
              "the target's table is not defined as the source's " + pair.source.name.text() +
                  ": drop it, or move to another name",
              pair.target.text());
}

class TableMaker {
 public:
  TableMaker(Connection& connection, const contract::Fence& fence, Source& source,
             const std::vector<TablePair>& tables)
      : connection_(connection), fence_(fence), source_(source) {
    std::vector<CollectionName> names;
    for (const auto& pair : tables) {
      targets_[pair.source.name] = pair.target;
      names.push_back(pair.source.name);
    }
    auto definitions = source_.create_statements(names);
    for (std::size_t i = 0; i < names.size(); ++i) {
      definitions_[names[i]] = std::move(definitions[i]);
    }
    find_sequences(tables);
  }

  // What defaults of the tables take values of. Leaves the session changed.
  void make_sequences() {
    const auto route = [this](const CollectionName& name) {
      const auto at = schema_homes_.find(name.schema);
      return CollectionName{at == schema_homes_.end() ? name.schema : at->second, name.name};
    };
    const auto is_named = [this](const CollectionName& name) { return sequences_.contains(name); };
    const DefinerMap definers;
    const contract::TableRoute where = route;
    MadeObjects objects(connection_, fence_, where, definers);
    for (const auto& definition : source_.objects(is_named, {.sequences = true})) {
      if (!targets_.contains(definition.name)) continue;
      const std::string home = route(definition.name).schema;
      if (schemas_.insert(home).second) {
        make_schema(connection_, source_, definition.name.schema, home);
      }
      const auto head = read_object(definition.sql, {}, definition.name.schema);
      const auto refusal =
          head ? objects.make(*head, event_of(definition)) : unreadable(definition);
      if (refusal) {
        throw Error(ErrorKind::rejected, refusal->code, refusal->why, refusal->subject);
      }
    }
  }

  void make(const TablePair& pair) {
    const auto found = read_table(connection_, pair.target);
    if (found) {
      require_no_rows(connection_, pair.target);
      require_like(pair, found);
      note_as_ours(connection_, fence_, pair.target, Origin::found);
      return;
    }
    note_as_ours(connection_, fence_, pair.target, Origin::made);
    if (schemas_.insert(pair.target.schema).second) {
      make_schema(connection_, source_, pair.source.name.schema, pair.target.schema);
    }
    make_table(pair);
    const auto made = read_table(connection_, pair.target);
    require_like(pair, made);
    require_same_collations(pair, *made);
  }

 private:
  // They go where all tables of their schema go.
  void find_sequences(const std::vector<TablePair>& tables) {
    if (!connection_.server().is_mariadb()) return;
    std::map<std::string, std::set<std::string>> homes;
    for (const auto& pair : tables) homes[pair.source.name.schema].insert(pair.target.schema);
    for (const auto& [schema, all] : homes) {
      if (all.size() == 1) schema_homes_[schema] = *all.begin();
    }
    for (const auto& [table, definition] : definitions_) {
      if (!definition) continue;
      for (const auto& name : sequences_in(*definition)) {
        sequences_.insert(name);
        const auto home = schema_homes_.find(name.schema);
        if (home != schema_homes_.end()) targets_[name] = {home->second, name.name};
      }
    }
  }

  // Where utf8mb4 is named without a collation, MySQL 8.0 has another one than all before it; keys
  // would be ordered and told apart otherwise.
  void require_same_collations(const TablePair& pair, const model::TableSchema& made) {
    if (connection_.server().is_mariadb() || connection_.server().number < 80000) return;
    for (std::size_t i = 0; i < made.columns.size(); ++i) {
      const std::string& wanted = pair.source.columns[i].collation;
      if (made.columns[i].collation == wanted) continue;
      connection_.execute("DROP TABLE " + qualified(pair.target));
      throw Error(ErrorKind::rejected, "target.collation_differs",
                  "the target would keep column " + base::printable(made.columns[i].name) +
                      " in collation " + made.columns[i].collation + " in place of " + wanted,
                  pair.target.text() + " at " + connection_.endpoint().text());
    }
  }

  void make_table(const TablePair& pair) {
    const auto target_of = [this](const CollectionName& name) -> std::optional<CollectionName> {
      const auto at = targets_.find(name);
      return at == targets_.end() ? std::nullopt : std::optional(at->second);
    };
    const auto& definition = definitions_.at(pair.source.name);
    if (!definition) {
      throw Error(ErrorKind::data_mismatch, "mysql.table_changed",
                  "the source's table is not there any more", pair.source.name.text());
    }
    const std::string statement =
        rewrite_create(*definition, pair.source.name, target_of, connection_.server());
    try {
      if (connection_.execute(statement).warnings != 0) check_warnings(pair);
    } catch (const Error& e) {
      if (e.may_retry()) throw;
      throw Error(ErrorKind::rejected, "target.table_refused",
                  "the target cannot make this table: " + e.message(),
                  pair.target.text() + " at " + e.context());
    }
  }

  // A server that is not strict shortens a key that it finds too long, and only warns.
  void check_warnings(const TablePair& pair) {
    constexpr std::string_view too_long_key = "1071";
    const Result r = connection_.query("SHOW WARNINGS");
    for (std::size_t i = 0; i < r.rows(); ++i) {
      if (r.text(i, "Code") != too_long_key) continue;
      connection_.execute("DROP TABLE " + qualified(pair.target));
      throw Error(ErrorKind::rejected, "target.key_too_long",
                  "the target would shorten an index of this table: " +
                      base::printable(r.text(i, "Message")),
                  pair.target.text() + " at " + connection_.endpoint().text());
    }
  }

  Connection& connection_;
  const contract::Fence& fence_;
  Source& source_;
  std::map<CollectionName, CollectionName> targets_;
  std::map<CollectionName, std::optional<std::string>> definitions_;  // as the source has them
  std::set<std::string> schemas_;                    // that were made or were there
  std::map<std::string, std::string> schema_homes_;  // of those whose tables all go to one
  std::set<CollectionName> sequences_;
};

}  // namespace

std::vector<CollectionName> tables_made(Connection& connection, std::string_view migration) {
  std::vector<CollectionName> out;
  const Result r =
      connection.query("SELECT `schema_name`, `table_name` FROM `_wherry`.`made_table`" +
                       where_migration(migration) + " AND `found`=0");
  for (std::size_t row = 0; row < r.rows(); ++row) {
    out.push_back({r.text(row, std::size_t{0}), r.text(row, std::size_t{1})});
  }
  return out;
}

void try_to_set(Connection& connection, std::string_view setting) {
  try {
    connection.execute(fmt::format("SET SESSION {}", setting));
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::connection_lost || e.kind() == ErrorKind::cancelled) throw;
  }
}

void prepare_to_define(Connection& connection) {
  // Texts in definitions are printed in UTF-8, whatever the column's character set.
  connection.execute(
      "SET NAMES utf8mb4, SESSION character_set_results=NULL, SESSION foreign_key_checks=0, "
      "SESSION "
      "sql_mode='NO_ENGINE_SUBSTITUTION,ALLOW_INVALID_DATES,NO_AUTO_VALUE_ON_ZERO'");
  // "utf8" in a definition of MySQL 5.x or older MariaDB is utf8mb3.
  try_to_set(connection, "old_mode='UTF8_IS_UTF8MB3'");
  // A definition says every default; none is to be added to a TIMESTAMP.
  try_to_set(connection, "explicit_defaults_for_timestamp=1");
  // Row formats that a server no longer offers are exchanged instead of refused.
  try_to_set(connection, "innodb_strict_mode=0");
  // MySQL 8.0.30: a table without a key stays without one.
  try_to_set(connection, "sql_generate_invisible_primary_key=OFF");
}

void create_tables(Connection& connection, const contract::Fence& fence,
                   contract::RowSource& source, const std::vector<TablePair>& tables) {
  auto* const mysql_source = dynamic_cast<Source*>(&source);
  if (mysql_source == nullptr) {
    throw Error(ErrorKind::not_supported, "target.foreign_source",
                "a MySQL target makes tables only as a MySQL source defines them",
                connection.endpoint().text());
  }
  prepare_to_define(connection);
  // What SHOW CREATE TABLE of any server but MySQL 8 means by utf8mb4 alone; that one says more.
  if (!connection.server().is_mariadb() && connection.server().number >= 80000) {
    try_to_set(connection, "default_collation_for_utf8mb4=utf8mb4_general_ci");
  }
  forget_late_indexes(connection, fence.migration);
  drop_what_was_made(connection, fence);
  TableMaker maker(connection, fence, *mysql_source, tables);
  maker.make_sequences();
  prepare_to_define(connection);
  for (const auto& pair : tables) maker.make(pair);
}

}  // namespace wherry::stores::mysql
