#include "stores/mysql/object_definitions.h"

#include <algorithm>
#include <utility>

#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using model::CollectionName;

struct Named {
  ObjectKind kind;
  CollectionName name;
  std::string table;
  std::string definer;
};

void collect(const Result& r, const contract::TableFilter& filter, std::vector<Named>& out) {
  for (std::size_t row = 0; row < r.rows(); ++row) {
    const std::string type = r.text(row, std::size_t{0});
    Named found{ObjectKind::view,
                {r.text(row, std::size_t{1}), r.text(row, std::size_t{2})},
                r.text(row, std::size_t{3}),
                r.text(row, std::size_t{4})};
    if (type == "PROCEDURE") found.kind = ObjectKind::procedure;
    if (type == "FUNCTION") found.kind = ObjectKind::function;
    if (type == "TRIGGER") found.kind = ObjectKind::trigger;
    if (type == "SEQUENCE") found.kind = ObjectKind::sequence;
    if (type == "PACKAGE") found.kind = ObjectKind::package;
    if (type == "EVENT") found.kind = ObjectKind::event;
    if (is_system_schema(found.name.schema)) continue;
    const bool of_table = found.kind == ObjectKind::trigger;
    if (filter(of_table ? CollectionName{found.name.schema, found.table} : found.name)) {
      out.push_back(std::move(found));
    }
  }
}

// Where SHOW CREATE has the statement.
std::string_view sql_column(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::view:
      return "Create View";
    case ObjectKind::procedure:
      return "Create Procedure";
    case ObjectKind::function:
      return "Create Function";
    case ObjectKind::trigger:
      return "SQL Original Statement";
    case ObjectKind::event:
      return "Create Event";
    case ObjectKind::sequence:
      return "Create Table";
    case ObjectKind::package:
      break;
  }
  return "";
}

// Before anything is asked. Quotes as ANSI_QUOTES would have them are not wanted, and a schema of
// the session would be left out of names.
constexpr const char* plain_session =
    "SET NAMES binary, SESSION character_set_results=NULL, SESSION sql_mode=''";

std::optional<ObjectDefinition> show(Connection& connection, Named found) {
  ObjectDefinition out{.kind = found.kind,
                       .name = std::move(found.name),
                       .table = std::move(found.table),
                       .definer = std::move(found.definer),
                       .sql = {},
                       .sql_mode = {},
                       .charset = {},
                       .collation = {},
                       .database_collation = {},
                       .time_zone = {},
                       .invalid = false};
  if (!is_carried(out.kind)) return out;
  Result r;
  try {
    r = connection.query("SHOW CREATE " + std::string(sql_word(out.kind)) + " " +
                         qualified(out.name));
  } catch (const Error& e) {
    out.invalid = e.code() == "mysql.view_invalid";
    if (e.code() == "mysql.privilege" || out.invalid) return out;
    if (e.code() == "mysql.no_such_object") return std::nullopt;
    throw;
  }
  if (r.empty()) return std::nullopt;
  out.sql = r.text(0, sql_column(out.kind));
  out.sql_mode = r.text(0, "sql_mode");
  out.charset = r.text(0, "character_set_client");
  out.collation = r.text(0, "collation_connection");
  out.database_collation = r.text(0, "Database Collation");
  out.time_zone = r.text(0, "time_zone");
  return out;
}

constexpr const char* all_views =
    "SELECT 'VIEW', TABLE_SCHEMA, TABLE_NAME, '', DEFINER FROM information_schema.VIEWS "
    "ORDER BY 2, 3";
constexpr const char* all_routines =
    "SELECT ROUTINE_TYPE, ROUTINE_SCHEMA, ROUTINE_NAME, '', DEFINER FROM "
    "information_schema.ROUTINES WHERE ROUTINE_TYPE IN ('PROCEDURE','FUNCTION','PACKAGE') ORDER BY "
    "1, 2, 3";
constexpr const char* all_sequences =
    "SELECT 'SEQUENCE', TABLE_SCHEMA, TABLE_NAME, '', '' FROM information_schema.TABLES WHERE "
    "TABLE_TYPE='SEQUENCE' ORDER BY 2, 3";
constexpr const char* all_triggers =
    "SELECT 'TRIGGER', TRIGGER_SCHEMA, TRIGGER_NAME, EVENT_OBJECT_TABLE, DEFINER FROM "
    "information_schema.TRIGGERS ORDER BY 2, 4, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER";
constexpr const char* all_events =
    "SELECT 'EVENT', EVENT_SCHEMA, EVENT_NAME, '', DEFINER FROM information_schema.EVENTS "
    "ORDER BY 2, 3";

}  // namespace

std::string ObjectDefinition::subject() const {
  return std::string(to_string(kind)) + " " + name.text();
}

std::vector<ObjectDefinition> read_objects(Connection& connection,
                                           const contract::TableFilter& filter,
                                           ObjectChoice choice) {
  std::vector<std::string> questions{plain_session};
  if (choice.sequences) questions.emplace_back(all_sequences);
  if (choice.made_at_once) questions.insert(questions.end(), {all_routines, all_views});
  if (choice.held_back) questions.insert(questions.end(), {all_triggers, all_events});
  std::vector<Named> found;
  for (const Result& answer : connection.query_all(questions)) collect(answer, filter, found);
  std::vector<ObjectDefinition> out;
  for (auto& one : found) {
    if (auto definition = show(connection, std::move(one))) out.push_back(std::move(*definition));
  }
  return out;
}

namespace {

// Without a look at all tables for it: its statement says the rest.
std::optional<ObjectDefinition> read_what_acts(Connection& connection, ObjectKind kind,
                                               const CollectionName& name) {
  connection.execute(plain_session);
  auto out = show(connection, {kind, name, {}, {}});
  if (!out) return out;
  const auto head = read_object(out->sql, dialect_of(out->sql_mode), name.schema);
  if (!head) return out;
  out->definer = head->definer;
  if (head->table) out->table = head->table->name.name;
  return out;
}

}  // namespace

std::optional<ObjectDefinition> read_object_definition(Connection& connection, ObjectKind kind,
                                                       const CollectionName& name) {
  std::vector<Named> found;
  const auto is_it = [&](const CollectionName& other) { return other == name; };
  if (acts_by_itself(kind)) return read_what_acts(connection, kind, name);
  const auto* const all = kind == ObjectKind::view       ? all_views
                          : kind == ObjectKind::sequence ? all_sequences
                                                         : all_routines;
  for (const Result& answer : connection.query_all({plain_session, all})) {
    collect(answer, is_it, found);
  }
  const auto at =
      std::find_if(found.begin(), found.end(), [&](const Named& one) { return one.kind == kind; });
  return at == found.end() ? std::nullopt : show(connection, std::move(*at));
}

std::vector<contract::HeldBack> read_held_back(Connection& connection,
                                               const contract::TableFilter& filter) {
  std::vector<contract::HeldBack> out;
  for (auto& one : read_objects(connection, filter, {.held_back = true})) {
    out.push_back({std::string(to_string(one.kind)), std::move(one.name), std::move(one.table),
                   std::move(one.sql), std::move(one.definer), std::move(one.sql_mode),
                   std::move(one.charset), std::move(one.collation),
                   std::move(one.database_collation), std::move(one.time_zone)});
  }
  return out;
}

}  // namespace wherry::stores::mysql
