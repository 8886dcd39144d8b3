#include "stores/mysql/ddl_apply.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "stores/mysql/create_tables.h"
#include "stores/mysql/ddl_shadow.h"
#include "stores/mysql/ddl_statement.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/progress.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/schema_maker.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/table_fingerprint.h"
#include "stores/mysql/user_lock.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using contract::DdlPlan;
using model::CollectionName;

constexpr std::size_t packet = std::size_t{512} << 10U;

using Fingerprint = std::optional<std::string>;  // nothing = no such table

// A table of the target that the statement concerns.
struct Affected {
  CollectionName name;
  Fingerprint before;
  Fingerprint expected;
};

// A table that is emptied, as its chunks are copied again.
struct Emptied {
  model::CollectionId id = 0;
  CollectionName name;  // before the statement
};

struct Intent {
  std::vector<Affected> tables;
  std::vector<Emptied> again;
  std::optional<std::string> because;
};

nlohmann::json text_json(const Fingerprint& f) {
  return f ? nlohmann::json(base::printable(*f)) : nlohmann::json();
}

Fingerprint text_from(const nlohmann::json& j) {
  if (j.is_null()) return std::nullopt;
  return base::unprintable(j.get<std::string>());
}

std::string encode(const Intent& intent) {
  auto tables = nlohmann::json::array();
  for (const auto& t : intent.tables) {
    nlohmann::json one = t.name;
    one["before"] = text_json(t.before);
    one["expected"] = text_json(t.expected);
    tables.push_back(std::move(one));
  }
  auto again = nlohmann::json::array();
  for (const auto& t : intent.again) {
    nlohmann::json one = t.name;
    one["id"] = t.id;
    again.push_back(std::move(one));
  }
  return nlohmann::json{
      {"tables", tables}, {"again", again}, {"because", text_json(intent.because)}}
      .dump();
}

Intent decode(const std::string& text) {
  Intent intent;
  try {
    const auto json = nlohmann::json::parse(text);
    // Versions that copied nothing again wrote the tables alone.
    for (const auto& j : json.is_array() ? json : json.at("tables")) {
      intent.tables.push_back(
          {j.get<CollectionName>(), text_from(j.at("before")), text_from(j.at("expected"))});
    }
    if (json.is_array()) return intent;
    for (const auto& j : json.at("again")) {
      intent.again.push_back({j.at("id").get<model::CollectionId>(), j.get<CollectionName>()});
    }
    intent.because = text_from(json.at("because"));
  } catch (const std::exception& e) {
    throw Error(ErrorKind::internal, "target.progress_damaged",
                std::string("`_wherry`.`ddl` is malformed: ") + e.what());
  }
  return intent;
}

class Applier {
 public:
  Applier(Connection& connection, const contract::Fence& fence, const DdlPlan& plan,
          const model::DdlEvent& event, const contract::TableRoute& route,
          const contract::WindowMark& mark)
      : c_(connection), fence_(fence), plan_(plan), event_(event), route_(route), mark_(mark) {
    kind_ = read_ddl(plan.statement, dialect_of(event.sql_mode), {}).kind;
    statement_ = plan.statement;
  }

  std::optional<std::string> learn(Source& source) {
    const UserLock lock(c_, ddl_lock_name(fence_.migration), ddl_lock_patience);
    if (!load_intent()) {
      make_schemas_for(c_, fence_, source, plan_, route_);
      learn_outcomes();
      write_intent();
    }
    return intent_.because;
  }

  void apply(const std::vector<contract::TablePair>& again) {
    const UserLock lock(c_, ddl_lock_name(fence_.migration), ddl_lock_patience);
    if (!load_intent()) {
      throw Error(ErrorKind::internal, "ddl.not_learnt",
                  "a change of definition was to be applied that nobody looked at",
                  c_.endpoint().text());
    }
    add_to_intent(again);
    if (must_run()) {
      execute();
      if (must_run_still()) throw_unknown_state();
    }
    finish();
  }

 private:
  [[noreturn]] void throw_unknown_state() const {
    throw Error(
        ErrorKind::data_mismatch, "ddl.unknown_state",
        "the target's tables are neither as before this change nor as after it: mend them by "
        "hand, or copy them again",
        base::printable(plan_.statement.substr(0, 500)));
  }

  // The intent of this same change, should a crash have left one.
  bool load_intent() {
    const Result r = c_.query("SELECT * FROM `_wherry`.`ddl`" + where_migration(fence_.migration));
    if (r.empty() || r.number(0, "done") == 1) return false;
    // Without a place: it was begun before a failover of the source (rebase_stream()).
    const std::string end = r.text(0, "end_position");
    if ((!end.empty() && end != mark_.end.text()) || r.text(0, "statement") != plan_.statement) {
      throw Error(ErrorKind::internal, "ddl.other_pending",
                  "another change of definition was begun before this one and not finished: " +
                      base::printable(r.text(0, "statement").substr(0, 500)),
                  c_.endpoint().text());
    }
    intent_ = decode(r.text(0, "definitions"));
    return true;
  }

  Affected& affected(const CollectionName& name) {
    auto& all = intent_.tables;
    const auto at =
        std::find_if(all.begin(), all.end(), [&](const Affected& a) { return a.name == name; });
    if (at != all.end()) return *at;
    const Fingerprint now = read_fingerprint(c_, name);
    return all.emplace_back(name, now, now);
  }

  void learn_outcomes() {
    const bool learns = kind_ == DdlKind::create_table || kind_ == DdlKind::create_table_like ||
                        kind_ == DdlKind::alter_table || kind_ == DdlKind::create_index ||
                        kind_ == DdlKind::drop_index;
    Fingerprint learnt;
    intent_.because = plan_.copied_again_because;
    if (learns) {
      Learnt outcome = learn_definition(c_, plan_.statement, event_);
      learnt = std::move(outcome.fingerprint);
      intent_.because = std::move(outcome.copied_again_because);
    }
    for (const auto& change : plan_.tables) {
      Fingerprint moved;
      if (change.before) {
        Affected& old = affected(route_(*change.before));
        moved = std::exchange(old.expected, std::nullopt);
        if (!moved && kind_ != DdlKind::drop_table) throw_missing(old.name);
      }
      if (change.after) affected(route_(*change.after)).expected = learns ? learnt : moved;
    }
    check_intent();
  }

  [[noreturn]] void throw_missing(const CollectionName& name) const {
    throw Error(ErrorKind::data_mismatch, "ddl.no_such_table",
                "a table that is changed on the source is not on the target", name.text());
  }

  // A table that is to be made must not be there, unless the statement says so.
  void check_intent() {
    for (const auto& change : plan_.tables) {
      if (change.before || !change.after) continue;
      const Affected& made = affected(route_(*change.after));
      if (made.before && !replaces()) {
        throw Error(ErrorKind::rejected, "target.table_exists",
                    "a table is made on the source that the target has already", made.name.text());
      }
    }
  }
  bool replaces() const {
    return read_ddl(plan_.statement, dialect_of(event_.sql_mode), {}).or_replace;
  }

  void write_intent() {
    leave_session_of_event(c_);
    c_.execute("START TRANSACTION");
    c_.execute(fmt::format("REPLACE INTO `_wherry`.`ddl` VALUES ({},{},{},{},{},0)",
                           bytes_literal(fence_.migration), bytes_literal(mark_.end.text()),
                           mark_.number, bytes_literal(plan_.statement),
                           bytes_literal(encode(intent_))));
    for (const auto& table : intent_.tables) {
      if (table.expected) note_table(table.name);
    }
    check_fence(c_, fence_);
    c_.execute("COMMIT");
  }

  void add_to_intent(const std::vector<contract::TablePair>& again) {
    bool grown = false;
    for (const auto& table : again) {
      const bool known = std::any_of(intent_.again.begin(), intent_.again.end(),
                                     [&](const Emptied& e) { return e.id == table.id; });
      if (known) continue;
      intent_.again.push_back({table.id, table.target});
      grown = true;
    }
    if (grown) write_intent();
  }

  void note_table(const CollectionName& name) {
    c_.execute(fmt::format("REPLACE INTO `_wherry`.`made_table` VALUES ({},{},{},0)",
                           bytes_literal(fence_.migration), bytes_literal(name.schema),
                           bytes_literal(name.name)));
  }

  struct Found {
    bool all_before = true;
    bool all_expected = true;
    bool each_known = true;
  };
  Found compare() {
    Found found;
    for (const auto& table : intent_.tables) {
      const Fingerprint now = read_fingerprint(c_, table.name);
      found.all_before = found.all_before && now == table.before;
      found.all_expected = found.all_expected && now == table.expected;
      found.each_known = found.each_known && (now == table.before || now == table.expected);
    }
    return found;
  }

  bool must_run() {
    const Found found = compare();
    if (found.all_before) return true;
    if (found.all_expected) return false;
    // Some of its tables may be gone already; the others are dropped by the same statement.
    if (kind_ == DdlKind::drop_table && found.each_known) return true;
    if (kind_ == DdlKind::rename_table) {
      if (auto rest = renames_to_come()) {
        statement_ = *std::move(rest);
        return true;
      }
    }
    throw_unknown_state();
  }

  // A server that falls amid a RENAME of several tables may have done the first of them (MySQL
  // before 8.0): the others, if the tables are as that leaves them.
  std::optional<std::string> renames_to_come() {
    const auto names = read_ddl(plan_.statement, dialect_of(event_.sql_mode), {}).tables;
    std::map<CollectionName, Fingerprint> now;
    std::map<CollectionName, Fingerprint> then;
    for (const auto& named : names) {
      now[named.name] = read_fingerprint(c_, named.name);
      then[named.name] = std::nullopt;
    }
    for (const auto& table : intent_.tables) then[table.name] = table.before;
    for (std::size_t next = 2; next < names.size(); next += 2) {
      then[names[next - 1].name] = std::exchange(then[names[next - 2].name], std::nullopt);
      if (now != then) continue;
      std::string rest;
      for (std::size_t i = next; i < names.size(); i += 2) {
        rest += fmt::format("{}{} TO {}", rest.empty() ? "RENAME TABLE " : ", ",
                            qualified(names[i].name), qualified(names[i + 1].name));
      }
      return rest;
    }
    return std::nullopt;
  }
  bool must_run_still() { return !compare().all_expected; }

  void execute() {
    // Nobody else has become the writer since the intent, which may be old.
    c_.execute("START TRANSACTION");
    check_fence(c_, fence_);
    c_.execute("COMMIT");
    empty_tables();
    enter_session_of(c_, event_);
    if (takes_server_charset()) enter_server_charset_of(c_, event_);
    try {
      c_.execute(statement_);
    } catch (const Error& e) {
      if (e.may_retry() || e.kind() == ErrorKind::cancelled) throw;
      if (e.code() == "mysql.privilege") throw not_permitted(c_, schemas(), e);
      throw Error(ErrorKind::data_mismatch, "ddl.failed",
                  "a change of definition that the source made fails on the target: " + e.message(),
                  base::printable(plan_.statement.substr(0, 500)));
    }
    leave_session_of_event(c_);
  }

  // That the statement is about, on the target.
  std::set<std::string> schemas() const {
    std::set<std::string> names;
    for (const auto& change : plan_.tables) {
      for (const auto& table : {change.before, change.after}) {
        if (table) names.insert(route_(*table).schema);
      }
    }
    const DdlStatement read = read_ddl(plan_.statement, dialect_of(event_.sql_mode), {});
    if (read.schema) names.insert(read.schema->name.schema);
    return names;
  }

  bool takes_server_charset() const {
    return kind_ == DdlKind::create_schema &&
           !read_ddl(plan_.statement, dialect_of(event_.sql_mode), {}).schema_names_charset;
  }

  void empty_tables() {
    prepare_to_define(c_);
    for (const auto& table : intent_.again) c_.execute("TRUNCATE TABLE " + qualified(table.name));
  }

  void finish() {
    leave_session_of_event(c_);
    c_.execute("START TRANSACTION");
    c_.execute("UPDATE `_wherry`.`ddl` SET `done`=1" + where_migration(fence_.migration));
    for (const auto& table : intent_.tables) {
      if (table.expected) continue;
      c_.execute(
          fmt::format("DELETE FROM `_wherry`.`made_table`{} AND `schema_name`={} AND "
                      "`table_name`={}",
                      where_migration(fence_.migration), bytes_literal(table.name.schema),
                      bytes_literal(table.name.name)));
    }
    for (const auto& table : intent_.again) {
      c_.execute(fmt::format("DELETE FROM `_wherry`.`chunk`{} AND `collection`={}",
                             where_migration(fence_.migration), table.id));
    }
    move_stream(c_, fence_.migration, mark_, packet);
    check_fence(c_, fence_);
    c_.execute("COMMIT");
  }

  Connection& c_;
  const contract::Fence& fence_;
  const DdlPlan& plan_;
  const model::DdlEvent& event_;
  const contract::TableRoute& route_;
  const contract::WindowMark& mark_;
  DdlKind kind_ = DdlKind::unknown;
  std::string statement_;  // what of it is to be run
  Intent intent_;
};

}  // namespace

std::optional<std::string> learn_ddl(Connection& connection, const contract::Fence& fence,
                                     Source& source, const DdlPlan& plan,
                                     const model::DdlEvent& event,
                                     const contract::TableRoute& route,
                                     const contract::WindowMark& mark) {
  return Applier(connection, fence, plan, event, route, mark).learn(source);
}

void apply_ddl(Connection& connection, const contract::Fence& fence, const DdlPlan& plan,
               const model::DdlEvent& event, const contract::TableRoute& route,
               const contract::WindowMark& mark, const std::vector<contract::TablePair>& again) {
  Applier(connection, fence, plan, event, route, mark).apply(again);
}

std::string ddl_lock_name(const std::string& migration) { return lock_name("ddl", migration); }

bool existed_before_pending(Connection& connection, const CollectionName& table) {
  if (!read_table(connection, table)) return false;
  const Result r = connection.query("SELECT `definitions` FROM `_wherry`.`ddl` WHERE `done`=0");
  for (std::size_t i = 0; i < r.rows(); ++i) {
    for (const auto& pending : decode(r.text(i, std::size_t{0})).tables) {
      if (pending.name == table && !pending.before) return false;
    }
  }
  return true;
}

}  // namespace wherry::stores::mysql
