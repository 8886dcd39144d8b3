#include "stores/mysql/made_objects.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/ddl_shadow.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/object_plan.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::CollectionName;
using model::Finding;
using model::Severity;
using Verb = ObjectStatement::Verb;

bool concerns_connection(const Error& e) {
  return e.may_retry() || e.kind() == ErrorKind::cancelled || e.kind() == ErrorKind::fenced ||
         e.kind() == ErrorKind::connection_lost;
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(const std::string& charset) {
  return charset.empty() || charset.starts_with("utf8") || charset == "ascii" ||
         charset == "binary";
}

std::set<std::string> modes_of(const std::string& sql_mode) {
  std::set<std::string> out;
  for (std::size_t at = 0; at < sql_mode.size();) {
    const std::size_t end = std::min(sql_mode.find(',', at), sql_mode.size());
    out.insert(sql_mode.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

// What stands behind a statement where several were sent at once; a server may keep it.
std::string_view without_end(std::string_view sql) {
  const std::size_t last = sql.find_last_not_of("; \t\r\n");
  return sql.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

ObjectKind kind_named(const std::string& name) {
  for (const auto kind : {ObjectKind::procedure, ObjectKind::function, ObjectKind::trigger,
                          ObjectKind::event, ObjectKind::sequence}) {
    if (name == to_string(kind)) return kind;
  }
  return ObjectKind::view;
}

Finding taken(const std::string& subject, const CollectionName& home) {
  return {Severity::blocker, "target.object_exists", subject,
          "the target has something of its name, " + home.text() + ", that Wherry did not make",
          "drop or rename it on the target, then make the object there by hand"};
}

Finding absent(const std::string& subject) {
  return {Severity::blocker, "objects.absent", subject,
          "it was not on the target when the source gave it this name",
          "mend what kept it from there, then run CREATE OR REPLACE VIEW with its definition on "
          "the source: that makes it on the target"};
}

Finding refused(const std::string& subject, const Error& e) {
  const bool told = e.code().starts_with("objects.") || e.code().starts_with("ddl.");
  return {Severity::blocker, told ? std::string(e.code()) : "objects.refused", subject,
          told ? e.message() : "the target refuses it: " + e.message(),
          "make it on the target by hand, or mend what is missing there and make it again on the "
          "source"};
}

}  // namespace

void MadeObjects::leave_session() { leave_session_of_event(c_); }

std::optional<Finding> MadeObjects::make(const ObjectStatement& head,
                                         const model::DdlEvent& event) {
  const ObjectName& name = head.names[0];
  const CollectionName home = object_home(route_, head);
  const std::string subject = subject_of(head.kind, name.name);
  leave_session();
  const bool ours = is_ours(head.kind, home);
  const bool there = exists(head.kind, home);
  if (there && !ours) {
    return taken(subject, home);
  }
  const bool changes_routine = head.verb == Verb::alter && head.kind != ObjectKind::view;
  if (changes_routine && !there) return std::nullopt;  // an earlier finding tells why
  if (there && head.if_not_exists) return std::nullopt;
  try {
    const Prepared prepared = prepare(head, event);
    note_as_ours(head.kind, home);
    run(prepared, event, home, !changes_routine);
    leave_session();
  } catch (const Error& e) {
    if (concerns_connection(e)) throw;
    leave_session();
    if (!exists(head.kind, home)) forget(head.kind, home);
    return refused(subject, e);
  }
  return std::nullopt;
}

std::string MadeObjects::statement_for(const ObjectStatement& head, const model::DdlEvent& event) {
  return prepare(head, event).sql;
}

std::optional<Finding> MadeObjects::rename_view(const CollectionName& from,
                                                const CollectionName& to) {
  const CollectionName old = object_home(route_, ObjectKind::view, from);
  const CollectionName home = object_home(route_, ObjectKind::view, to);
  const std::string subject = subject_of(ObjectKind::view, to);
  if (!is_ours(ObjectKind::view, old) || !is_view(old)) {
    if (is_ours(ObjectKind::view, home) && is_view(home)) return std::nullopt;
    return absent(subject);
  }
  if (exists(ObjectKind::view, home)) return taken(subject, home);
  note_as_ours(ObjectKind::view, home);
  try {
    c_.execute("RENAME TABLE " + qualified(old) + " TO " + qualified(home));
  } catch (const Error& e) {
    if (concerns_connection(e)) throw;
    forget(ObjectKind::view, home);
    return refused(subject, e);
  }
  return std::nullopt;
}

void MadeObjects::drop(ObjectKind kind, const CollectionName& home) {
  if (!is_ours(kind, home)) return;
  if (kind == ObjectKind::view && !is_view(home)) return;
  c_.execute("DROP " + std::string(sql_word(kind)) + " IF EXISTS " + qualified(home));
}

void MadeObjects::forget(ObjectKind kind, const CollectionName& home) {
  c_.execute("DELETE FROM `_wherry`.`made_object`" + row_of(kind, home));
}

bool MadeObjects::exists(ObjectKind kind, const CollectionName& name) {
  if (kind == ObjectKind::view || kind == ObjectKind::sequence) {
    return found("TABLES", "TABLE", name, "");
  }
  if (acts_by_itself(kind)) {
    const auto there = read_object_definition(c_, kind, name);
    return there && !there->sql.empty();  // where it may not be read it cannot be made
  }
  return found("ROUTINES", "ROUTINE", name, fmt::format(" AND ROUTINE_TYPE='{}'", sql_word(kind)));
}

bool MadeObjects::is_ours(ObjectKind kind, const CollectionName& home) {
  return !c_.query("SELECT 1 FROM `_wherry`.`made_object`" + row_of(kind, home)).empty();
}

std::vector<std::pair<ObjectKind, CollectionName>> MadeObjects::all_ours() {
  const Result made = c_.query(
      "SELECT `kind`, `schema_name`, `object_name` FROM "
      "`_wherry`.`made_object`" +
      where_migration(fence_.migration));
  std::vector<std::pair<ObjectKind, CollectionName>> out;
  for (std::size_t row = 0; row < made.rows(); ++row) {
    out.emplace_back(
        kind_named(made.text(row, std::size_t{0})),
        CollectionName{made.text(row, std::size_t{1}), made.text(row, std::size_t{2})});
  }
  return out;
}

void MadeObjects::remove(ObjectKind kind, const CollectionName& home) {
  check_still_the_writer();
  drop(kind, home);
  forget(kind, home);
}

void MadeObjects::check_still_the_writer() {
  c_.execute("START TRANSACTION");
  check_fence(c_, fence_);
  c_.execute("COMMIT");
}

std::string MadeObjects::row_of(ObjectKind kind, const CollectionName& home) const {
  return fmt::format("{} AND `kind`={} AND `schema_name`={} AND `object_name`={}",
                     where_migration(fence_.migration), bytes_literal(to_string(kind)),
                     bytes_literal(home.schema), bytes_literal(home.name));
}

void MadeObjects::note_as_ours(ObjectKind kind, const CollectionName& home) {
  c_.execute("START TRANSACTION");
  c_.execute(fmt::format("REPLACE INTO `_wherry`.`made_object` VALUES ({},{},{},{})",
                         bytes_literal(fence_.migration), bytes_literal(to_string(kind)),
                         bytes_literal(home.schema), bytes_literal(home.name)));
  check_fence(c_, fence_);
  c_.execute("COMMIT");
}

bool MadeObjects::found(const char* table, const char* prefix, const CollectionName& name,
                        const std::string& condition) {
  return !c_
              .query(fmt::format(
                  "SELECT 1 FROM information_schema.{} WHERE {}_SCHEMA={} AND {}_NAME={}{}", table,
                  prefix, text_literal(name.schema), prefix, text_literal(name.name), condition))
              .empty();
}

bool MadeObjects::is_view(const CollectionName& name) { return found("VIEWS", "TABLE", name, ""); }

std::string MadeObjects::converted(const std::string& bytes, const std::string& from,
                                   const std::string& to) {
  return c_.scalar(fmt::format("SELECT CONVERT(_{} {} USING {})", from, bytes_literal(bytes), to))
      .value_or("");
}

MadeObjects::Prepared MadeObjects::prepare(const ObjectStatement& head,
                                           const model::DdlEvent& event) {
  const SqlDialect dialect = dialect_of(event.sql_mode);
  if (is_read_as_it_is(event.statement, event.charset)) {
    return {head, rehome(event.statement, head, dialect, event.default_schema, route_, definers_)};
  }
  // In other character sets names have other bytes, and letters may hold those of quotes.
  const std::string text = converted(event.statement, event.charset, "utf8mb4");
  const auto again = read_object(text, dialect, event.default_schema);
  if (!again || converted(text, "utf8mb4", event.charset) != event.statement) {
    throw Error(ErrorKind::not_supported, "objects.charset",
                "its statement is written in " + event.charset + " and cannot be read exactly");
  }
  const std::string moved = rehome(text, *again, dialect, event.default_schema, route_, definers_);
  std::string bytes = converted(moved, "utf8mb4", event.charset);
  if (converted(bytes, event.charset, "utf8mb4") != moved) {
    throw Error(ErrorKind::not_supported, "objects.charset",
                "its new names cannot be written in " + event.charset);
  }
  return {*again, std::move(bytes)};
}

void MadeObjects::run(const Prepared& prepared, const model::DdlEvent& event,
                      const CollectionName& home, bool replaces) {
  const ObjectKind kind = prepared.head.kind;
  const auto is_there = [&](const std::string& schema) {
    return !c_.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME=" +
                     text_literal(schema))
                .empty();
  };
  // Who follows this server's log hears of it.
  if (!is_there(home.schema))
    c_.execute("CREATE DATABASE IF NOT EXISTS " + identifier(home.schema));
  if (replaces && kind != ObjectKind::view) {
    c_.execute("DROP " + std::string(sql_word(kind)) + " IF EXISTS " + qualified(home));
  }
  const std::string session_schema = schema_home(route_, event.default_schema);
  // These bear their names without a schema.
  const bool usable = !acts_by_itself(kind) && is_there(session_schema);
  enter_session_of(c_, event);
  // It keeps the mode, also the parts of it that are of no use to a statement about tables.
  c_.execute("SET SESSION sql_mode=" + text_literal(known_modes(c_.server(), event.sql_mode)));
  c_.execute("USE " + identifier(usable ? session_schema : home.schema));
  c_.execute(prepared.sql);
}

model::DdlEvent event_of(const ObjectDefinition& definition) {
  model::DdlEvent event;
  event.default_schema = definition.name.schema;
  event.statement = definition.sql;
  event.sql_mode = definition.sql_mode;
  event.charset = definition.charset;
  event.collation = definition.collation;
  event.time_zone = definition.time_zone;
  return event;  // no time: the server's clock
}

bool is_read_as_it_is(std::string_view sql, const std::string& charset) {
  return is_utf8(charset) || is_ascii(sql);
}

std::optional<Finding> difference(const ObjectDefinition& wanted, const ObjectDefinition& made,
                                  const DefinerMap& definers) {
  const auto mapped = definers.find(wanted.definer);
  const std::string& definer = mapped == definers.end() ? wanted.definer : mapped->second;
  std::string what;
  const auto add = [&](const std::string& one) { what += (what.empty() ? "" : ", ") + one; };
  const auto compare = [&](const char* name, const std::string& one, const std::string& other) {
    if (one != other) add(fmt::format("{} {} in place of {}", name, other, one));
  };
  compare("definer", definer, made.definer);
  compare("character_set_client", one_name(wanted.charset), one_name(made.charset));
  compare("collation_connection", one_name(wanted.collation), one_name(made.collation));
  compare("schema's collation", one_name(wanted.database_collation),
          one_name(made.database_collation));
  compare("time_zone", wanted.time_zone, made.time_zone);
  if (modes_of(wanted.sql_mode) != modes_of(made.sql_mode)) {
    compare("sql_mode", wanted.sql_mode, made.sql_mode);
  }
  const bool other_statement =
      acts_by_itself(wanted.kind) && without_end(wanted.sql) != without_end(made.sql);
  if (other_statement) add("another statement: " + made.sql);
  if (what.empty()) return std::nullopt;
  return Finding{other_statement ? Severity::blocker : Severity::warning, "objects.differs",
                 wanted.subject(), "on the target it has " + base::printable(what),
                 "make it again on the target in the session that it needs, or accept it"};
}

Finding unreadable(const ObjectDefinition& definition) {
  if (!definition.sql.empty()) {
    return {Severity::blocker, "objects.form", definition.subject(),
            "its definition is of a form that is not known",
            "exclude it, and make it on the target by hand"};
  }
  if (definition.invalid) {
    return {Severity::warning, "objects.invalid", definition.subject(),
            "it refers to what is not there, and the source does not show its definition",
            "drop it on the source, or run CREATE OR REPLACE VIEW there when all it refers to is "
            "back: that makes it on the target"};
  }
  return {
      Severity::blocker, "objects.hidden", definition.subject(),
      "the account on the source may not read its definition",
      "GRANT SHOW VIEW, TRIGGER and EVENT, and SELECT on `mysql`.* (for routines), to the account "
      "on the source"};
}

}  // namespace wherry::stores::mysql
