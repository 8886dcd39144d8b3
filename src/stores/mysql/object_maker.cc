#include "stores/mysql/object_maker.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/ddl_apply.h"
#include "stores/mysql/ddl_shadow.h"
#include "stores/mysql/definer_accounts.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/object_plan.h"
#include "stores/mysql/progress.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/user_lock.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::CollectionName;
using model::Finding;
using model::Severity;
using Verb = ObjectStatement::Verb;

constexpr std::size_t packet = std::size_t{512} << 10U;

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

// A session for our own statements.
void leave_session(Connection& c) {
  c.execute(
      "SET NAMES binary, SESSION character_set_results=NULL, SESSION sql_mode='', SESSION "
      "timestamp=DEFAULT");
}

// A statement to be run, with what its head tells.
struct Prepared {
  ObjectStatement head;
  std::string sql;  // for the target, in the bytes of the event's character set
};

class Maker {
 public:
  Maker(Connection& connection, const contract::Fence& fence, const contract::TableRoute& route,
        const DefinerMap& definers)
      : c_(connection), fence_(fence), route_(route), definers_(definers) {}

  // CREATE or ALTER. Nothing if it was carried.
  std::optional<Finding> make(const ObjectStatement& head, const model::DdlEvent& event) {
    const ObjectName& name = head.names[0];
    const CollectionName home = object_home(route_, head.kind, name.name);
    const std::string subject = subject_of(head.kind, name.name);
    leave_session(c_);
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
      leave_session(c_);
    } catch (const Error& e) {
      if (concerns_connection(e)) throw;
      leave_session(c_);
      if (!exists(head.kind, home)) forget(head.kind, home);
      return refused(subject, e);
    }
    return std::nullopt;
  }

  // Nothing if it bears its new name, also since an earlier attempt. What others made under the old
  // name is not touched.
  std::optional<Finding> rename_view(const CollectionName& from, const CollectionName& to) {
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

  void drop(ObjectKind kind, const CollectionName& home) {
    if (!is_ours(kind, home)) return;
    if (kind == ObjectKind::view && !is_view(home)) return;
    c_.execute("DROP " + std::string(sql_word(kind)) + " IF EXISTS " + qualified(home));
  }

  void forget(ObjectKind kind, const CollectionName& home) {
    c_.execute("DELETE FROM `_wherry`.`made_object`" + row_of(kind, home));
  }

  bool exists(ObjectKind kind, const CollectionName& name) {
    if (kind == ObjectKind::view) return found("TABLES", "TABLE", name, "");
    return found("ROUTINES", "ROUTINE", name,
                 fmt::format(" AND ROUTINE_TYPE='{}'", sql_word(kind)));
  }

  bool is_ours(ObjectKind kind, const CollectionName& home) {
    return !c_.query("SELECT 1 FROM `_wherry`.`made_object`" + row_of(kind, home)).empty();
  }

  // What of an earlier attempt at planning is left.
  void drop_all_ours() {
    const Result made = c_.query(
        "SELECT `kind`, `schema_name`, `object_name` FROM "
        "`_wherry`.`made_object`" +
        where_migration(fence_.migration));
    for (std::size_t row = 0; row < made.rows(); ++row) {
      ObjectKind kind = ObjectKind::view;
      for (const auto other : {ObjectKind::procedure, ObjectKind::function}) {
        if (made.text(row, std::size_t{0}) == to_string(other)) kind = other;
      }
      const CollectionName home{made.text(row, std::size_t{1}), made.text(row, std::size_t{2})};
      check_still_the_writer();
      drop(kind, home);
      forget(kind, home);
    }
  }

  void check_still_the_writer() {
    c_.execute("START TRANSACTION");
    check_fence(c_, fence_);
    c_.execute("COMMIT");
  }

 private:
  static Finding taken(const std::string& subject, const CollectionName& home) {
    return {Severity::blocker, "target.object_exists", subject,
            "the target has something of its name, " + home.text() + ", that Wherry did not make",
            "drop or rename it on the target, then make the object there by hand"};
  }
  static Finding absent(const std::string& subject) {
    return {Severity::blocker, "objects.absent", subject,
            "it was not on the target when the source gave it this name",
            "mend what kept it from there, then run CREATE OR REPLACE VIEW with its definition on "
            "the source: that makes it on the target"};
  }
  static Finding refused(const std::string& subject, const Error& e) {
    const bool told = e.code().starts_with("objects.") || e.code().starts_with("ddl.");
    return {Severity::blocker, told ? std::string(e.code()) : "objects.refused", subject,
            told ? e.message() : "the target refuses it: " + e.message(),
            "make it on the target by hand, or mend what is missing there and make it again on the "
            "source"};
  }
  std::string row_of(ObjectKind kind, const CollectionName& home) const {
    return fmt::format("{} AND `kind`={} AND `schema_name`={} AND `object_name`={}",
                       where_migration(fence_.migration), bytes_literal(to_string(kind)),
                       bytes_literal(home.schema), bytes_literal(home.name));
  }

  void note_as_ours(ObjectKind kind, const CollectionName& home) {
    c_.execute("START TRANSACTION");
    c_.execute(fmt::format("REPLACE INTO `_wherry`.`made_object` VALUES ({},{},{},{})",
                           bytes_literal(fence_.migration), bytes_literal(to_string(kind)),
                           bytes_literal(home.schema), bytes_literal(home.name)));
    check_fence(c_, fence_);
    c_.execute("COMMIT");
  }

  bool found(const char* table, const char* prefix, const CollectionName& name,
             const std::string& condition) {
    return !c_.query(fmt::format(
                         "SELECT 1 FROM information_schema.{} WHERE {}_SCHEMA={} AND {}_NAME={}{}",
                         table, prefix, text_literal(name.schema), prefix, text_literal(name.name),
                         condition))
                .empty();
  }
  bool is_view(const CollectionName& name) { return found("VIEWS", "TABLE", name, ""); }

  std::string converted(const std::string& bytes, const std::string& from, const std::string& to) {
    return c_.scalar(fmt::format("SELECT CONVERT(_{} {} USING {})", from, bytes_literal(bytes), to))
        .value_or("");
  }

  Prepared prepare(const ObjectStatement& head, const model::DdlEvent& event) {
    const SqlDialect dialect = dialect_of(event.sql_mode);
    if (is_utf8(event.charset) || is_ascii(event.statement)) {
      return {head,
              rehome(event.statement, head, dialect, event.default_schema, route_, definers_)};
    }
    // In other character sets names have other bytes, and letters may hold those of quotes.
    const std::string text = converted(event.statement, event.charset, "utf8mb4");
    const auto again = read_object(text, dialect, event.default_schema);
    if (!again || converted(text, "utf8mb4", event.charset) != event.statement) {
      throw Error(ErrorKind::not_supported, "objects.charset",
                  "its statement is written in " + event.charset + " and cannot be read exactly");
    }
    const std::string moved =
        rehome(text, *again, dialect, event.default_schema, route_, definers_);
    std::string bytes = converted(moved, "utf8mb4", event.charset);
    if (converted(bytes, event.charset, "utf8mb4") != moved) {
      throw Error(ErrorKind::not_supported, "objects.charset",
                  "its new names cannot be written in " + event.charset);
    }
    return {*again, std::move(bytes)};
  }

  void run(const Prepared& prepared, const model::DdlEvent& event, const CollectionName& home,
           bool replaces) {
    c_.execute("CREATE DATABASE IF NOT EXISTS " + identifier(home.schema));
    if (replaces && is_routine(prepared.head.kind)) {
      c_.execute("DROP " + std::string(sql_word(prepared.head.kind)) + " IF EXISTS " +
                 qualified(home));
    }
    const std::string session_schema = schema_home(route_, event.default_schema);
    const bool usable = !c_.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME=" +
                                  text_literal(session_schema))
                             .empty();
    enter_session_of(c_, event);
    c_.execute("USE " + identifier(usable ? session_schema : home.schema));
    c_.execute(prepared.sql);
  }

  Connection& c_;
  const contract::Fence& fence_;
  const contract::TableRoute& route_;
  const DefinerMap& definers_;
};

model::DdlEvent event_of(const ObjectDefinition& definition) {
  model::DdlEvent event;
  event.default_schema = definition.name.schema;
  event.statement = definition.sql;
  event.sql_mode = definition.sql_mode;
  event.charset = definition.charset;
  event.collation = definition.collation;
  return event;  // no time: the server's clock
}

// What of the session that an object was made in the target has otherwise.
std::optional<Finding> difference(const ObjectDefinition& source, const ObjectDefinition& made,
                                  const DefinerMap& definers) {
  const auto mapped = definers.find(source.definer);
  const std::string& definer = mapped == definers.end() ? source.definer : mapped->second;
  std::string what;
  const auto compare = [&](const char* name, const std::string& wanted, const std::string& is) {
    if (wanted == is) return;
    what += (what.empty() ? "" : ", ") + fmt::format("{} {} in place of {}", name, is, wanted);
  };
  compare("definer", definer, made.definer);
  compare("character_set_client", one_name(source.charset), one_name(made.charset));
  compare("collation_connection", one_name(source.collation), one_name(made.collation));
  compare("schema's collation", one_name(source.database_collation),
          one_name(made.database_collation));
  if (modes_of(source.sql_mode) != modes_of(made.sql_mode)) {
    compare("sql_mode", source.sql_mode, made.sql_mode);
  }
  if (what.empty()) return std::nullopt;
  return Finding{Severity::warning, "objects.differs", source.subject(),
                 "on the target it has " + base::printable(what),
                 "make it again on the target in the session that it needs, or accept it"};
}

// After a crash nobody could tell whether the names were exchanged already.
Finding exchanged(const CollectionName& name) {
  return {Severity::blocker, "objects.exchanged", subject_of(ObjectKind::view, name),
          "it came to its name by an exchange of names in one RENAME TABLE, which is not carried",
          "run CREATE OR REPLACE VIEW with its definition on the source: that makes it on the "
          "target"};
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
  return {Severity::blocker, "objects.hidden", definition.subject(),
          "the account on the source may not read its definition",
          "GRANT SHOW VIEW, and SELECT on `mysql`.* (for routines), to the account on the source"};
}

}  // namespace

std::vector<Finding> make_objects(Connection& target, const contract::Fence& fence,
                                  const std::vector<ObjectDefinition>& definitions,
                                  const contract::TableRoute& route, const DefinerMap& definers) {
  Maker maker(target, fence, route, definers);
  leave_session(target);
  maker.drop_all_ours();
  const DefinerAccounts accounts(target);
  std::vector<Finding> findings;
  const auto finish = [&](const ObjectDefinition& definition) {
    const auto made = read_object_definition(target, definition.kind,
                                             object_home(route, definition.kind, definition.name));
    if (auto other = made ? difference(definition, *made, definers) : std::nullopt) {
      findings.push_back(*std::move(other));
    }
    if (auto missing = accounts.missing(definition.subject(), definition.definer, definers)) {
      findings.push_back(*std::move(missing));
    }
  };
  std::vector<const ObjectDefinition*> waiting;
  for (const auto& definition : definitions) waiting.push_back(&definition);
  // Views stand on views and on functions, whatever their names: what fails may succeed when others
  // are there.
  for (bool progress = true; progress && !waiting.empty();) {
    progress = false;
    std::vector<const ObjectDefinition*> failed;
    std::vector<Finding> reasons;
    for (const auto* definition : waiting) {
      if (!is_carried(definition->kind)) {
        findings.push_back(object_not_carried(definition->kind, definition->subject()));
        continue;
      }
      const auto head =
          read_object(definition->sql, dialect_of(definition->sql_mode), definition->name.schema);
      if (definition->sql.empty() || !head) {
        findings.push_back(unreadable(*definition));
        continue;
      }
      auto reason = maker.make(*head, event_of(*definition));
      if (!reason) {
        progress = true;
        finish(*definition);
        continue;
      }
      if (reason->code == "objects.refused") {
        failed.push_back(definition);
        reasons.push_back(*std::move(reason));
      } else {
        findings.push_back(*std::move(reason));
      }
    }
    waiting = std::move(failed);
    if (!progress) findings.insert(findings.end(), reasons.begin(), reasons.end());
  }
  return findings;
}

contract::ObjectOutcome apply_object_change(Connection& target, const contract::Fence& fence,
                                            const model::DdlEvent& event,
                                            const contract::TableFilter& filter,
                                            const contract::TableRoute& route,
                                            const DefinerMap& definers,
                                            const contract::WindowMark& mark) {
  contract::ObjectOutcome outcome;
  const UserLock lock(target, ddl_lock_name(fence.migration), ddl_lock_patience);
  const auto head = read_object(event.statement, dialect_of(event.sql_mode), event.default_schema);
  const ObjectKind kind = head ? head->kind : ObjectKind::view;
  Maker maker(target, fence, route, definers);
  maker.check_still_the_writer();
  std::vector<CollectionName> dropped;
  const auto drop = [&](const CollectionName& name) {
    dropped.push_back(object_home(route, kind, name));
    maker.drop(kind, dropped.back());
    outcome.mended.push_back(subject_of(kind, name));
  };
  if (!head) {
    const RenamedViews renamed = renamed_views(target, event, filter, route);
    for (const auto& [from, to] : renamed.views) {
      std::optional<Finding> finding;
      if (filter(to)) finding = renamed.exchange ? exchanged(to) : maker.rename_view(from, to);
      drop(from);
      if (finding) outcome.findings.push_back(*std::move(finding));
    }
  } else if (head->verb == Verb::drop) {
    for (const auto& [name, begin, end] : head->names) {
      if (filter(name)) drop(name);
    }
  } else {
    const std::string subject = subject_of(head->kind, head->names[0].name);
    auto finding = maker.make(*head, event);
    const bool replaces = head->verb == Verb::create || head->kind == ObjectKind::view;
    if (!finding && replaces) outcome.mended.push_back(subject);
    if (finding) outcome.findings.push_back(*std::move(finding));
    if (auto missing = DefinerAccounts(target).missing(subject, head->definer, definers)) {
      outcome.findings.push_back(*std::move(missing));
    }
  }
  leave_session(target);
  target.execute("START TRANSACTION");
  for (const auto& home : dropped) maker.forget(kind, home);
  move_stream(target, fence.migration, mark, packet);
  check_fence(target, fence);
  target.execute("COMMIT");
  return outcome;
}

std::vector<Finding> assess_objects(Connection& target,
                                    const std::vector<ObjectDefinition>& definitions,
                                    const contract::TableRoute& route, const DefinerMap& definers) {
  std::vector<Finding> findings;
  const contract::Fence nobody;
  Maker maker(target, nobody, route, definers);
  const DefinerAccounts accounts(target);
  const bool has_notes =
      !target
           .query(
               "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA='_wherry' AND "
               "TABLE_NAME='made_object'")
           .empty();
  std::size_t views = 0;
  for (const auto& definition : definitions) {
    const std::string subject = definition.subject();
    if (acts_by_itself(definition.kind)) {
      findings.push_back({Severity::note, "source." + std::string(to_string(definition.kind)),
                          subject,
                          "it is held back: it is not made on the target before the switch",
                          "nothing; what it does on the source arrives as rows"});
      continue;
    }
    if (!is_carried(definition.kind)) {
      findings.push_back(object_not_carried(definition.kind, subject));
      continue;
    }
    ++views;
    const auto head =
        read_object(definition.sql, dialect_of(definition.sql_mode), definition.name.schema);
    if (definition.sql.empty() || !head) {
      findings.push_back(unreadable(definition));
      continue;
    }
    const CollectionName home = object_home(route, definition.kind, definition.name);
    if (maker.exists(definition.kind, home) &&
        !(has_notes && made_by_anyone(target, definition.kind, home))) {
      findings.push_back(
          {Severity::blocker, "target.object_exists", subject,
           "the target has something of its name, " + home.text() + ", that Wherry did not make",
           "drop or rename it on the target, or exclude the object"});
    }
    if (is_utf8(definition.charset) || is_ascii(definition.sql)) {
      try {
        rehome(definition.sql, *head, dialect_of(definition.sql_mode), definition.name.schema,
               route, definers);
      } catch (const Error& e) {
        findings.push_back({Severity::warning, std::string(e.code()), subject, e.message(),
                            "make it on the target by hand, or leave the name as it is"});
      }
    }
    if (auto missing = accounts.missing(subject, definition.definer, definers)) {
      findings.push_back(*std::move(missing));
    }
  }
  if (views != 0) {
    findings.push_back({Severity::note, "source.objects", "source",
                        fmt::format("{} views and routines are made on the target from their "
                                    "definitions",
                                    views),
                        "nothing"});
  }
  return findings;
}

}  // namespace wherry::stores::mysql
