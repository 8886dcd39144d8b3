#include "stores/mysql/ddl_shadow.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/create_statement.h"
#include "stores/mysql/create_tables.h"
#include "stores/mysql/ddl_statement.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/table_fingerprint.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::CollectionName;
using model::Column;
using model::ColumnType;
using model::TableSchema;

CollectionName shadow_of(const CollectionName& table) {
  return {std::string(shadow_schema), table.name};
}

// The shadow schema while a definition is learnt. New tables get in it what they would get in
// `like`.
class ShadowSchema {
 public:
  ShadowSchema(Connection& connection, const std::string& like) : connection_(connection) {
    connection_.execute("DROP DATABASE IF EXISTS `_wherry_shadow`");
    const Result r = connection_.query(
        "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM "
        "information_schema.SCHEMATA WHERE SCHEMA_NAME=" +
        text_literal(like));
    const std::string defaults = r.empty() ? ""
                                           : " CHARACTER SET " + r.text(0, std::size_t{0}) +
                                                 " COLLATE " + r.text(0, std::size_t{1});
    connection_.execute("CREATE DATABASE `_wherry_shadow`" + defaults);
  }
  ~ShadowSchema() {
    try {
      connection_.execute("DROP DATABASE IF EXISTS `_wherry_shadow`");
    } catch (const std::exception&) {
      return;  // the next one removes it
    }
  }
  ShadowSchema(const ShadowSchema&) = delete;
  ShadowSchema& operator=(const ShadowSchema&) = delete;

 private:
  Connection& connection_;
};

// The statement with its own table's names exchanged for those of the copy.
std::string on_shadow(const std::string& statement, const DdlStatement& read) {
  Rewrite rewrite(statement);
  const CollectionName& table = read.tables[0].name;
  rewrite.replace(read.tables[0].begin, read.tables[0].end, qualified(shadow_of(table)));
  if (read.renamed_to) {
    rewrite.replace(read.renamed_to->begin, read.renamed_to->end,
                    qualified(shadow_of(read.renamed_to->name)));
  }
  for (const auto& parent : read.references) {
    if (parent.name == table) {
      rewrite.replace(parent.begin, parent.end, qualified(shadow_of(table)));
    }
  }
  return rewrite.finish();
}

void copy_empty(Connection& connection, const CollectionName& table) {
  const std::string shown =
      connection.query("SHOW CREATE TABLE " + qualified(table)).text(0, std::size_t{1});
  const auto target_of = [&](const CollectionName& name) -> std::optional<CollectionName> {
    return name == table ? shadow_of(table) : name;
  };
  connection.execute(rewrite_create(shown, table, target_of, connection.server()));
}

const Column* column_named(const TableSchema& table, const std::string& name) {
  const auto at = std::find_if(table.columns.begin(), table.columns.end(),
                               [&](const Column& c) { return c.name == name; });
  return at == table.columns.end() ? nullptr : &*at;
}

bool depends_on_time_zone(ColumnType from, ColumnType to) {
  const bool one_is_timestamp = (from == ColumnType::timestamp) != (to == ColumnType::timestamp);
  return one_is_timestamp;
}

class Examination {
 public:
  Examination(Connection& connection, const std::string& statement, CollectionName after,
              bool takes_over_defaults)
      : connection_(connection),
        statement_(statement),
        after_(std::move(after)),
        takes_over_defaults_(takes_over_defaults) {}

  void run(const std::optional<TableSchema>& before) {
    const auto now = read_table(connection_, after_);
    if (!now) refuse("ddl.no_effect", "the statement leaves no table behind");
    if (const std::string why = why_not_held(connection_.server(), *now); !why.empty()) {
      refuse("ddl.unsupported_column", "the table " + why);
    }
    if (now->key.empty() && before && !before->key.empty()) {
      refuse("ddl.no_key", "the table loses the key by which its rows are known");
    }
    if (now->engine != "InnoDB") refuse("ddl.engine", "the table would not be kept by InnoDB");
    for (const Column& column : now->columns) check_column(column, before);
  }

 private:
  [[noreturn]] void refuse(std::string code, std::string why) const {
    throw Error(ErrorKind::not_supported, std::move(code), std::move(why),
                base::printable(statement_.substr(0, 500)));
  }

  void check_column(const Column& column, const std::optional<TableSchema>& before) {
    const std::string name = "column " + base::printable(column.name);
    if (column.type == ColumnType::unsupported) {
      refuse("ddl.unsupported_column", name + " is of the type " + column.declared);
    }
    if (const std::string why = why_not_held(connection_.server(), column); !why.empty()) {
      refuse("ddl.unsupported_column",
             name + " is of the type " + column.declared + ", and the target " + why);
    }
    check_constant_time(column, before);
    if (!before) return;
    const Column* const old = column_named(*before, column.name);
    if (old == nullptr && !column.generated && default_is_computed(column)) {
      refuse("ddl.not_deterministic",
             "rows would get another default in " + name + " than they got on the source");
    }
    if (column.auto_increment && (old == nullptr || !old->auto_increment)) {
      refuse("ddl.auto_increment",
             "rows would get other numbers in " + name + " than they got on the source");
    }
    if (old != nullptr && depends_on_time_zone(old->type, column.type)) {
      refuse("ddl.time_zone", "times in " + name +
                                  " would be converted by the source's time zone, which the log "
                                  "does not tell");
    }
  }

  // A TIMESTAMP's default is kept in UTC: which time '2001-02-03 04:05:06' is, the session's zone
  // says. CREATE TABLE … LIKE takes it over as it is.
  void check_constant_time(const Column& column, const std::optional<TableSchema>& before) {
    if (column.type != ColumnType::timestamp) return;
    const std::string now = default_of(after_, column.name);
    const bool constant =
        now.find('-') != std::string::npos && now.find("0000-00-00 00:00:00") == std::string::npos;
    if (!constant || takes_over_defaults_) return;
    if (before && default_of(before->name, column.name) == now) return;
    refuse("ddl.time_zone", "the default of column " + base::printable(column.name) +
                                " is a time in the zone of the source's session");
  }

  std::string default_of(const CollectionName& table, const std::string& column) {
    const Result r = connection_.query(fmt::format(
        "SELECT COLUMN_DEFAULT FROM information_schema.COLUMNS WHERE TABLE_SCHEMA={} AND "
        "TABLE_NAME={} AND COLUMN_NAME={}",
        text_literal(table.schema), text_literal(table.name), text_literal(column)));
    return r.empty() ? "" : r.text(0, std::size_t{0});
  }

  // Whether rows that are there get a value that is not in the statement.
  bool default_is_computed(const Column& column) {
    const Result r = connection_.query(fmt::format(
        "SELECT COLUMN_DEFAULT, EXTRA FROM information_schema.COLUMNS WHERE "
        "TABLE_SCHEMA={} AND TABLE_NAME={} AND COLUMN_NAME={}",
        text_literal(after_.schema), text_literal(after_.name), text_literal(column.name)));
    const std::string value = r.text(0, "COLUMN_DEFAULT");
    if (value.empty() || value == "NULL") return false;
    if (r.text(0, "EXTRA").find("DEFAULT_GENERATED") != std::string::npos) return true;
    if (!connection_.server().is_mariadb()) return value.starts_with("CURRENT_TIMESTAMP");
    // MariaDB prints the expression: literals are quoted or begin with a digit.
    return value[0] != '\'' && value[0] != '-' && value[0] != '.' && value[0] != '+' &&
           !(value[0] >= '0' && value[0] <= '9') && !value.starts_with("b'") &&
           !value.starts_with("x'") && !value.starts_with("X'");
  }

  Connection& connection_;
  const std::string& statement_;
  CollectionName after_;
  bool takes_over_defaults_;
};

// "utf8mb3" is MariaDB's word; MySQL before 8.0 has "utf8" alone.
std::string charset_of(const Connection& connection, const std::string& name) {
  const bool old_word = !connection.server().is_mariadb() && connection.server().number < 80000;
  return old_word && name.starts_with("utf8mb3") ? "utf8" + name.substr(7) : name;
}

}  // namespace

void enter_session_of(Connection& connection, const model::DdlEvent& event) {
  prepare_to_define(connection);
  try {
    connection.execute("SET SESSION sql_mode=" +
                       text_literal(known_modes(connection.server(), event.sql_mode)));
  } catch (const Error& e) {
    if (e.may_retry()) throw;
    throw Error(ErrorKind::not_supported, "ddl.sql_mode",
                "the target does not know the sql_mode of the statement: " + e.message(),
                base::printable(event.sql_mode));
  }
  try {
    if (!event.charset.empty()) {
      connection.execute("SET NAMES " + charset_of(connection, event.charset) +
                         ", SESSION character_set_results=NULL");
    }
    if (!event.collation.empty()) {
      connection.execute("SET SESSION collation_connection=" +
                         text_literal(charset_of(connection, event.collation)));
    }
  } catch (const Error& e) {
    if (e.may_retry()) throw;
    throw Error(ErrorKind::not_supported, "ddl.charset",
                "the target does not know the character set of the statement: " + e.message(),
                base::printable(event.charset + " " + event.collation));
  }
  connection.execute(fmt::format("SET SESSION timestamp={}", event.unix_time));
  if (event.explicit_timestamps) {
    try_to_set(connection, fmt::format("explicit_defaults_for_timestamp={}",
                                       *event.explicit_timestamps ? 1 : 0));
  }
}

namespace {

// How TIMESTAMP columns without a word about NULL or a default are taken.
enum class BareTimestamps { standard, traditional };

void set_bare_timestamps(Connection& connection, BareTimestamps timestamps) {
  try_to_set(connection, timestamps == BareTimestamps::standard
                             ? "explicit_defaults_for_timestamp=1"
                             : "explicit_defaults_for_timestamp=0");
}

constexpr std::string_view timestamp_word = "timestamp";

std::string definition_after(Connection& connection, const std::string& statement,
                             const model::DdlEvent& event, BareTimestamps timestamps) {
  const DdlStatement read = read_ddl(statement, dialect_of(event.sql_mode), {});
  const bool creates =
      read.kind == DdlKind::create_table || read.kind == DdlKind::create_table_like;
  const CollectionName& table = read.tables[0].name;
  const CollectionName after = read.renamed_to ? read.renamed_to->name : table;
  prepare_to_define(connection);
  const ShadowSchema schema(connection, table.schema);
  std::optional<TableSchema> before;
  if (!creates) {
    before = read_table(connection, table);
    copy_empty(connection, table);
  }
  enter_session_of(connection, event);
  set_bare_timestamps(connection, timestamps);
  try {
    connection.execute(on_shadow(statement, read));
  } catch (const Error& e) {
    if (e.may_retry()) throw;
    throw Error(ErrorKind::not_supported, "ddl.refused_by_target",
                "the target does not take the statement: " + e.message(),
                base::printable(statement.substr(0, 500)));
  }
  prepare_to_define(connection);
  Examination(connection, statement, shadow_of(after), read.kind == DdlKind::create_table_like)
      .run(before);
  const std::string shown =
      connection.query("SHOW CREATE TABLE " + qualified(shadow_of(after))).text(0, std::size_t{1});
  return fingerprint_of(shown, shadow_of(after), after);
}

}  // namespace

std::string learn_definition(Connection& connection, const std::string& statement,
                             const model::DdlEvent& event) {
  const auto timestamps = event.explicit_timestamps.value_or(true) ? BareTimestamps::standard
                                                                   : BareTimestamps::traditional;
  std::string learnt = definition_after(connection, statement, event, timestamps);
  const bool names_timestamps =
      std::search(statement.begin(), statement.end(), timestamp_word.begin(), timestamp_word.end(),
                  [](char a, char b) { return (a | 0x20) == b; }) != statement.end();
  if (!event.explicit_timestamps && names_timestamps &&
      definition_after(connection, statement, event, BareTimestamps::traditional) != learnt) {
    throw Error(
        ErrorKind::not_supported, "ddl.timestamp_defaults",
        "a TIMESTAMP column without NULL or NOT NULL, or without a default, means different "
        "things by the source's explicit_defaults_for_timestamp, which the log does not "
        "tell: write them out",
        base::printable(statement.substr(0, 500)));
  }
  return learnt;
}

}  // namespace wherry::stores::mysql
