#include "stores/mysql/rehearsal.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/counters.h"
#include "stores/mysql/create_tables.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/object_definitions.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/table_fingerprint.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using contract::TablePair;
using model::CollectionName;

std::set<std::string> schemas_of(const std::vector<TablePair>& tables) {
  std::set<std::string> schemas;
  for (const auto& pair : tables) schemas.insert(pair.target.schema);
  return schemas;
}

// "view shop.v" → the server's words for it.
using Objects = std::map<std::string, std::string>;

struct Definitions {
  std::map<std::string, std::string> schemas;    // the statements that make them
  std::map<CollectionName, std::string> tables;  // those of the migration: the same
  std::set<CollectionName> other_tables;
  Objects objects;                                 // views, routines, triggers, events, sequences
  std::map<CollectionName, std::string> counters;  // the next AUTO_INCREMENT
};

std::set<CollectionName> base_tables(Connection& c, const std::string& schema) {
  std::set<CollectionName> names;
  const Result r = c.query(
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE NOT IN "
      "('VIEW','SYSTEM VIEW','SEQUENCE','TEMPORARY') AND TABLE_SCHEMA=" +
      text_literal(schema));
  for (std::size_t i = 0; i < r.rows(); ++i) names.insert({schema, r.text(i, std::size_t{0})});
  return names;
}

std::vector<ObjectDefinition> objects_in(Connection& c, const std::set<std::string>& schemas) {
  const auto chosen = [&](const CollectionName& name) { return schemas.contains(name.schema); };
  auto found =
      read_objects(c, chosen, {.sequences = true, .made_at_once = true, .held_back = true});
  c.execute("SET NAMES binary, SESSION character_set_results=NULL, sql_mode=''");
  return found;
}

// Of an event only that it is there: a guard may switch it off and on.
Objects words_of(const std::vector<ObjectDefinition>& list) {
  Objects words;
  for (const auto& object : list) {
    words.emplace(object.subject(), object.kind == ObjectKind::event ? "" : object.sql);
  }
  return words;
}

std::vector<model::Counter> counters_of(Connection& c, const std::set<std::string>& schemas) {
  return read_counters(c, [&](const CollectionName& name) { return schemas.contains(name.schema); },
                       {});
}

nlohmann::json json_of(const CollectionName& name) {
  return nlohmann::json::array({base::printable(name.schema), base::printable(name.name)});
}

std::string bytes_of(const nlohmann::json& printed) {
  return base::unprintable(printed.get<std::string>()).value_or("");
}

CollectionName name_of(const nlohmann::json& json) {
  return {bytes_of(json.at(0)), bytes_of(json.at(1))};
}

std::string text_of(const Definitions& definitions) {
  nlohmann::json out{{"schemas", nlohmann::json::array()},
                     {"tables", nlohmann::json::array()},
                     {"other_tables", nlohmann::json::array()},
                     {"objects", nlohmann::json::array()},
                     {"counters", nlohmann::json::array()}};
  for (const auto& [name, made] : definitions.schemas) {
    out["schemas"].push_back({base::printable(name), base::printable(made)});
  }
  for (const auto& [name, made] : definitions.tables) {
    out["tables"].push_back({json_of(name), base::printable(made)});
  }
  for (const auto& name : definitions.other_tables) out["other_tables"].push_back(json_of(name));
  for (const auto& [name, made] : definitions.objects) {
    out["objects"].push_back({base::printable(name), base::printable(made)});
  }
  for (const auto& [name, next] : definitions.counters) {
    out["counters"].push_back({json_of(name), next});
  }
  return out.dump();
}

Definitions definitions_in(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  Definitions out;
  for (const auto& one : json.at("schemas"))
    out.schemas.emplace(bytes_of(one[0]), bytes_of(one[1]));
  for (const auto& one : json.at("tables")) out.tables.emplace(name_of(one[0]), bytes_of(one[1]));
  for (const auto& one : json.at("other_tables")) out.other_tables.insert(name_of(one));
  for (const auto& one : json.at("objects"))
    out.objects.emplace(bytes_of(one[0]), bytes_of(one[1]));
  for (const auto& one : json.at("counters")) {
    out.counters.emplace(name_of(one[0]), one[1].get<std::string>());
  }
  return out;
}

class Maker {
 public:
  Maker(Connection& connection, const contract::Fence& fence, Definitions before)
      : c_(connection), fence_(fence), before_(std::move(before)) {}

  contract::MadeAsBefore make(const std::vector<TablePair>& tables,
                              const std::vector<TablePair>& again) {
    std::set<model::CollectionId> wanted;
    for (const auto& pair : again) wanted.insert(pair.id);
    for (const auto& schema : schemas_of(tables)) make_schema(schema);
    drop_objects(schemas_of(tables));
    for (const auto& schema : schemas_of(tables)) drop_tables(schema);
    for (const auto& pair : tables) {
      const auto before = before_.tables.find(pair.target);
      if (before == before_.tables.end()) continue;
      const auto now = read_fingerprint(c_, pair.target);
      if (!wanted.contains(pair.id) &&
          now == fingerprint_of(before->second, pair.target, pair.target)) {
        continue;
      }
      make_anew(pair, before->second);
      out_.emptied.push_back(pair.id);
    }
    tell_what_is_left(schemas_of(tables));
    return std::move(out_);
  }

 private:
  // A change of definition cannot be made in the transaction that checks the fence.
  void require_still_the_writer() {
    c_.execute("START TRANSACTION");
    check_fence(c_, fence_);
    c_.execute("COMMIT");
  }

  void make_schema(const std::string& schema) {
    const auto made = before_.schemas.find(schema);
    if (made == before_.schemas.end()) return;
    if (!c_.query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME=" +
                  text_literal(schema))
             .empty()) {
      return;
    }
    require_still_the_writer();
    c_.execute(made->second);
  }

  // Who holds a lock on a table is asked to let it go, not waited for.
  void define(const std::string& statement, const CollectionName& name) {
    constexpr std::string_view patience = "lock_wait_timeout=10";
    prepare_to_define(c_);
    try_to_set(c_, patience);
    try {
      c_.execute(statement);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::transient) throw;
      throw Error(ErrorKind::rejected, "rehearsal.in_use",
                  "somebody holds a lock on what has to be made as it was: " + e.message(),
                  name.text());
    }
  }

  void drop(const std::string& kind, const CollectionName& name) {
    require_still_the_writer();
    define(fmt::format("DROP {} {}", kind, qualified(name)), name);
    out_.dropped.push_back(fmt::format("{} {}", kind, name.text()));
  }

  void drop_objects(const std::set<std::string>& schemas) {
    for (const auto& object : objects_in(c_, schemas)) {
      if (before_.objects.contains(object.subject())) continue;
      drop(std::string(sql_word(object.kind)), object.name);
    }
  }

  void drop_tables(const std::string& schema) {
    for (const auto& name : base_tables(c_, schema)) {
      if (before_.tables.contains(name) || before_.other_tables.contains(name)) continue;
      drop("TABLE", name);
    }
  }

  // The marks go first: a table without them is copied again, whatever it holds by then.
  void make_anew(const TablePair& pair, const std::string& statement) {
    c_.execute("START TRANSACTION");
    c_.execute(fmt::format("DELETE FROM `_wherry`.`chunk`{} AND `collection`={}",
                           where_migration(fence_.migration), pair.id));
    check_fence(c_, fence_);
    c_.execute("COMMIT");
    define("DROP TABLE IF EXISTS " + qualified(pair.target), pair.target);
    try {
      c_.execute("USE " + identifier(pair.target.schema));
      define(statement, pair.target);
    } catch (const Error& e) {
      if (e.may_retry() || e.kind() == ErrorKind::cancelled) throw;
      throw Error(ErrorKind::rejected, "rehearsal.not_made",
                  "the table cannot be made as it was before the rehearsal: " + e.message(),
                  pair.target.text());
    }
  }

  void tell_what_is_left(const std::set<std::string>& schemas) {
    const Objects now = words_of(objects_in(c_, schemas));
    const auto tell = [&](const std::string& subject, const std::string& why) {
      out_.left.push_back({model::Severity::warning, "rehearsal.not_restored", subject,
                           why + " in the rehearsal, and is not Wherry's to make again",
                           "make it as it was before"});
    };
    for (const auto& [subject, made] : before_.objects) {
      const auto found = now.find(subject);
      if (found == now.end()) {
        tell(subject, "it was dropped");
      } else if (found->second != made) {
        tell(subject, "it was changed");
      }
    }
    for (const auto& name : before_.other_tables) {
      if (!base_tables(c_, name.schema).contains(name)) {
        tell("table " + name.text(), "it was dropped");
      }
    }
  }

  Connection& c_;
  const contract::Fence& fence_;
  const Definitions before_;
  contract::MadeAsBefore out_;
};

}  // namespace

std::string look_at_definitions(Connection& connection, const std::vector<TablePair>& tables) {
  Definitions now;
  std::vector<CollectionName> names;
  for (const auto& pair : tables) names.push_back(pair.target);
  const auto shown = show_create(connection, names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (shown[i]) now.tables.emplace(names[i], *shown[i]);
  }
  const auto schemas = schemas_of(tables);
  for (const auto& schema : schemas) {
    const Result r = connection.query("SHOW CREATE DATABASE " + identifier(schema));
    now.schemas.emplace(schema, r.text(0, std::size_t{1}));
    for (auto& name : base_tables(connection, schema)) {
      if (!now.tables.contains(name)) now.other_tables.insert(name);
    }
  }
  for (const auto& counter : counters_of(connection, schemas)) {
    if (counter.kind != model::Counter::Kind::auto_increment) continue;
    now.counters.emplace(counter.name, model::text_of(counter.next));
  }
  now.objects = words_of(objects_in(connection, schemas));
  return text_of(now);
}

contract::MadeAsBefore make_as_before(Connection& connection, const contract::Fence& fence,
                                      const std::string& looked,
                                      const std::vector<TablePair>& tables,
                                      const std::vector<TablePair>& again) {
  return Maker(connection, fence, definitions_in(looked)).make(tables, again);
}

void count_as_before(Connection& connection, const contract::Fence& fence,
                     const std::string& looked) {
  const Definitions before = definitions_in(looked);
  std::set<std::string> schemas;
  for (const auto& [name, next] : before.counters) schemas.insert(name.schema);
  std::map<CollectionName, model::Whole> now;
  for (const auto& counter : counters_of(connection, schemas)) {
    if (counter.kind == model::Counter::Kind::auto_increment) now[counter.name] = counter.next;
  }
  prepare_to_define(connection);
  // As lift_counters().
  try_to_set(connection, "avoid_temporal_upgrade=1");
  for (const auto& [name, next] : before.counters) {
    const auto found = now.find(name);
    const auto wanted = model::whole(next);
    if (found == now.end() || !wanted || found->second <= *wanted) continue;
    connection.execute("START TRANSACTION");
    check_fence(connection, fence);
    connection.execute("COMMIT");
    // The server counts on behind the greatest row there is, if that is further.
    connection.execute(fmt::format("ALTER TABLE {} AUTO_INCREMENT={}", qualified(name), next));
  }
}

contract::KeptLog::Keeping log_kept(Connection& connection) {
  std::map<std::string, std::string> variables;
  const Result r = connection.query(
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('binlog_expire_logs_seconds',"
      "'expire_logs_days','max_binlog_total_size','binlog_expire_logs_auto_purge')");
  for (std::size_t i = 0; i < r.rows(); ++i) {
    variables[r.text(i, std::size_t{0})] = r.text(i, std::size_t{1});
  }
  const auto number = [&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() || found->second.empty() ? 0.0 : std::stod(found->second);
  };
  constexpr double day = 24 * 3600;
  contract::KeptLog::Keeping keeping;
  keeping.by_size = number("max_binlog_total_size") > 0;
  if (variables["binlog_expire_logs_auto_purge"] == "OFF") return keeping;
  double seconds = number("binlog_expire_logs_seconds");
  if (seconds == 0) seconds = number("expire_logs_days") * day;
  if (seconds > 0) keeping.time = std::chrono::seconds(static_cast<std::int64_t>(seconds));
  return keeping;
}

}  // namespace wherry::stores::mysql
