#include "stores/mysql/ddl_shadow.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/create_statement.h"
#include "stores/mysql/create_tables.h"
#include "stores/mysql/ddl_examination.h"
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
using model::TableSchema;

// The shadow schema while a definition is learnt. New tables get in it what they would get in
// `like`.
class ShadowSchema {
 public:
  ShadowSchema(Connection& connection, const std::string& like) : connection_(connection) {
    while (!drop()) name_ = numbered_shadow_schema(++number_);
    const Result r = connection_.query(
        "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM "
        "information_schema.SCHEMATA WHERE SCHEMA_NAME=" +
        text_literal(like));
    const std::string defaults = r.empty() ? ""
                                           : " CHARACTER SET " + r.text(0, std::size_t{0}) +
                                                 " COLLATE " + r.text(0, std::size_t{1});
    connection_.execute("CREATE DATABASE " + identifier(name_) + defaults);
  }
  ~ShadowSchema() {
    try {
      drop();
    } catch (const std::exception&) {
      return;  // the next one removes it
    }
  }
  ShadowSchema(const ShadowSchema&) = delete;
  ShadowSchema& operator=(const ShadowSchema&) = delete;

  // Where the copy of `table` is.
  CollectionName of(const CollectionName& table) const { return {name_, table.name}; }

 private:
  // False if it stays: a MySQL that was killed in the middle of a definition may leave files in the
  // schema's directory that it does not know, and that keep tables of the same names from being
  // made.
  bool drop() {
    try {
      connection_.execute("DROP DATABASE IF EXISTS " + identifier(name_));
    } catch (const Error& e) {
      if (e.code() != "mysql.files_left" || number_ == shadow_schemas) throw;
      return false;
    }
    return true;
  }

  Connection& connection_;
  unsigned number_ = 1;
  std::string name_ = numbered_shadow_schema(number_);
};

// The statement with its own table's names exchanged for those of the copy.
std::string on_shadow(const ShadowSchema& shadow, const std::string& statement,
                      const DdlStatement& read) {
  Rewrite rewrite(statement);
  const CollectionName& table = read.tables[0].name;
  rewrite.replace(read.tables[0].begin, read.tables[0].end, qualified(shadow.of(table)));
  if (read.renamed_to) {
    rewrite.replace(read.renamed_to->begin, read.renamed_to->end,
                    qualified(shadow.of(read.renamed_to->name)));
  }
  for (const auto& parent : read.references) {
    if (parent.name == table) {
      rewrite.replace(parent.begin, parent.end, qualified(shadow.of(table)));
    }
  }
  return rewrite.finish();
}

void copy_empty(Connection& connection, const ShadowSchema& shadow, const CollectionName& table) {
  const std::string shown =
      connection.query("SHOW CREATE TABLE " + qualified(table)).text(0, std::size_t{1});
  const auto target_of = [&](const CollectionName& name) -> std::optional<CollectionName> {
    return name == table ? shadow.of(table) : name;
  };
  connection.execute(rewrite_create(shown, table, target_of, connection.server()));
}

// The statement names utf8mb4 and no collation for it.
bool names_utf8mb4_alone(const model::DdlEvent& event) {
  const auto tokens = tokenize(event.statement, dialect_of(event.sql_mode));
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool utf8mb4 = tokens[i].is("UTF8MB4") ||
                         (tokens[i].kind != TokenKind::symbol && tokens[i].value == "utf8mb4");
    if (utf8mb4 && (i + 1 == tokens.size() || !tokens[i + 1].is("COLLATE"))) return true;
  }
  return false;
}

bool lets_utf8mb4_be_chosen(const Connection& connection) {
  return !connection.server().is_mariadb() && connection.server().number >= 80011;
}

std::string utf8mb4_collation_of(Connection& connection) {
  return connection
      .scalar(lets_utf8mb4_be_chosen(connection)
                  ? "SELECT @@SESSION.default_collation_for_utf8mb4"
                  : "SELECT DEFAULT_COLLATE_NAME FROM information_schema.CHARACTER_SETS WHERE "
                    "CHARACTER_SET_NAME='utf8mb4'")
      .value_or("");
}

// utf8mb4 alone is another collation on MySQL 8 than on all before it, and keys would be ordered
// and told apart otherwise.
void take_utf8mb4_as(Connection& connection, const model::DdlEvent& event) {
  const std::string wanted =
      event.utf8mb4_collation.empty() ? "utf8mb4_general_ci" : event.utf8mb4_collation;
  if (!names_utf8mb4_alone(event) || utf8mb4_collation_of(connection) == wanted) return;
  if (lets_utf8mb4_be_chosen(connection)) {
    try_to_set(connection, "default_collation_for_utf8mb4=" + text_literal(wanted));
    if (utf8mb4_collation_of(connection) == wanted) return;
  }
  throw Error(ErrorKind::not_supported, "ddl.charset",
              "utf8mb4 without a collation is " + wanted +
                  " on the source and something else on the target: name the collation",
              base::printable(event.statement.substr(0, 500)));
}

}  // namespace

void enter_server_charset_of(Connection& connection, const model::DdlEvent& event) {
  if (event.server_collation.empty()) return;
  try {
    connection.execute("SET SESSION collation_server=" +
                       text_literal(known_charset(connection.server(), event.server_collation)));
  } catch (const Error& e) {
    if (e.may_retry()) throw;
    throw Error(ErrorKind::not_supported, "ddl.charset",
                "the target cannot give the schema the source's default: " + e.message(),
                base::printable(event.server_collation));
  }
}

void enter_session_of(Connection& connection, const model::DdlEvent& event) {
  prepare_to_define(connection);
  // What the source let pass is not judged again: MySQL 5.6 adds columns of such days to tables
  // with rows in every mode.
  constexpr std::array<std::string_view, 3> about_days{"NO_ZERO_DATE", "NO_ZERO_IN_DATE",
                                                       "TRADITIONAL"};
  try {
    connection.execute(
        "SET SESSION sql_mode=" +
        text_literal(without_modes(known_modes(connection.server(), event.sql_mode), about_days)));
  } catch (const Error& e) {
    if (e.may_retry()) throw;
    throw Error(ErrorKind::not_supported, "ddl.sql_mode",
                "the target does not know the sql_mode of the statement: " + e.message(),
                base::printable(event.sql_mode));
  }
  try {
    if (!event.charset.empty()) {
      connection.execute("SET NAMES " + known_charset(connection.server(), event.charset) +
                         ", SESSION character_set_results=NULL");
    }
    if (!event.collation.empty()) {
      connection.execute("SET SESSION collation_connection=" +
                         text_literal(known_charset(connection.server(), event.collation)));
    }
  } catch (const Error& e) {
    if (e.may_retry()) throw;
    throw Error(ErrorKind::not_supported, "ddl.charset",
                "the target does not know the character set of the statement: " + e.message(),
                base::printable(event.charset + " " + event.collation));
  }
  take_utf8mb4_as(connection, event);
  connection.execute(fmt::format("SET SESSION timestamp={}.{:06}", event.unix_time,
                                 event.microseconds.value_or(0)));
  if (knows_time_zone(connection, event)) {
    connection.execute("SET SESSION time_zone=" + text_literal(event.time_zone));
  }
  if (event.explicit_timestamps) {
    try_to_set(connection, fmt::format("explicit_defaults_for_timestamp={}",
                                       *event.explicit_timestamps ? 1 : 0));
  }
}

void leave_session_of_event(Connection& connection) {
  connection.execute(
      "SET NAMES binary, SESSION character_set_results=NULL, SESSION sql_mode='', SESSION "
      "time_zone='+00:00', SESSION timestamp=DEFAULT");
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

Learnt definition_after(Connection& connection, const std::string& statement,
                        const model::DdlEvent& event, BareTimestamps timestamps) {
  const DdlStatement read = read_ddl(statement, dialect_of(event.sql_mode), {});
  const bool creates =
      read.kind == DdlKind::create_table || read.kind == DdlKind::create_table_like;
  const CollectionName& table = read.tables[0].name;
  const CollectionName after = read.renamed_to ? read.renamed_to->name : table;
  prepare_to_define(connection);
  const ShadowSchema shadow(connection, table.schema);
  std::optional<TableSchema> before;
  if (!creates) {
    before = read_table(connection, table);
    copy_empty(connection, shadow, table);
  }
  enter_session_of(connection, event);
  set_bare_timestamps(connection, timestamps);
  try {
    connection.execute(on_shadow(shadow, statement, read));
  } catch (const Error& e) {
    if (e.may_retry()) throw;
    throw Error(ErrorKind::not_supported, "ddl.refused_by_target",
                "the target does not take the statement: " + e.message(),
                base::printable(statement.substr(0, 500)));
  }
  leave_session_of_event(connection);
  prepare_to_define(connection);
  Learnt learnt;
  learnt.copied_again_because = examine_change(
      connection,
      {statement, event, before, shadow.of(after), read.kind == DdlKind::create_table_like});
  const std::string shown =
      connection.query("SHOW CREATE TABLE " + qualified(shadow.of(after))).text(0, std::size_t{1});
  learnt.fingerprint = fingerprint_of(shown, shadow.of(after), after);
  return learnt;
}

}  // namespace

Learnt learn_definition(Connection& connection, const std::string& statement,
                        const model::DdlEvent& event) {
  const auto timestamps = event.explicit_timestamps.value_or(true) ? BareTimestamps::standard
                                                                   : BareTimestamps::traditional;
  Learnt learnt = definition_after(connection, statement, event, timestamps);
  const bool names_timestamps =
      std::search(statement.begin(), statement.end(), timestamp_word.begin(), timestamp_word.end(),
                  [](char a, char b) { return (a | 0x20) == b; }) != statement.end();
  if (!event.explicit_timestamps && names_timestamps &&
      definition_after(connection, statement, event, BareTimestamps::traditional).fingerprint !=
          learnt.fingerprint) {
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
