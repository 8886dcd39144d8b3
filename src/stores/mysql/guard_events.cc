#include "stores/mysql/guard_events.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/account_grants.h"
#include "stores/mysql/account_reader.h"
#include "stores/mysql/grants.h"
#include "stores/mysql/guard_undo.h"
#include "stores/mysql/old_sessions.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::CollectionName;
using model::Severity;
using nlohmann::json;

// What an ALTER could change besides the status, and must not.
constexpr const char* kept_columns =
    "CONCAT_WS(' | ', DEFINER, TIME_ZONE, EVENT_TYPE, EXECUTE_AT, INTERVAL_VALUE, INTERVAL_FIELD, "
    "SQL_MODE, STARTS, ENDS, ON_COMPLETION, ORIGINATOR, CHARACTER_SET_CLIENT, "
    "COLLATION_CONNECTION, DATABASE_COLLATION, HEX(EVENT_COMMENT), MD5(EVENT_DEFINITION))";

struct Event {
  CollectionName name;
  std::string status;  // "ENABLED"
  std::string kept;    // kept_columns
  std::string definer;
  std::string sql_mode;
  std::string charset;  // of the client that made it
  std::string collation;
  std::string database_collation;
  std::string present_database_collation;
  std::string originator;

  std::string subject() const { return "event " + base::printable(name.schema + "." + name.name); }
};

std::vector<Event> read_events(Connection& connection, const EventsGuard::SchemaFilter& schemas) {
  const Result r = connection.query(
      fmt::format("SELECT e.EVENT_SCHEMA, e.EVENT_NAME, e.STATUS, {}, e.DEFINER, e.SQL_MODE, "
                  "e.CHARACTER_SET_CLIENT, e.COLLATION_CONNECTION, e.DATABASE_COLLATION, "
                  "s.DEFAULT_COLLATION_NAME, e.ORIGINATOR FROM information_schema.EVENTS e JOIN "
                  "information_schema.SCHEMATA s ON s.SCHEMA_NAME=e.EVENT_SCHEMA "
                  "ORDER BY e.EVENT_SCHEMA, e.EVENT_NAME",
                  kept_columns));
  std::vector<Event> out;
  for (std::size_t row = 0; row < r.rows(); ++row) {
    std::size_t column = 0;
    const auto next = [&] { return r.text(row, column++); };
    Event e;
    e.name.schema = next();
    e.name.name = next();
    for (std::string* field :
         {&e.status, &e.kept, &e.definer, &e.sql_mode, &e.charset, &e.collation,
          &e.database_collation, &e.present_database_collation, &e.originator}) {
      *field = next();
    }
    if (!is_system_schema(e.name.schema) && schemas(e.name.schema)) out.push_back(std::move(e));
  }
  return out;
}

std::vector<Event> enabled(std::vector<Event> events) {
  std::erase_if(events, [](const Event& e) { return e.status != "ENABLED"; });
  return events;
}

bool is_ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Why the server would write down something else about it than what it has now; "" if it would not.
std::string why_not_kept(const Event& e, const std::string& server_id) {
  if (e.database_collation != e.present_database_collation) {
    return fmt::format("its schema's collation was {} when it was made, and is {} now",
                       e.database_collation, e.present_database_collation);
  }
  if (e.originator != server_id) {
    return fmt::format("it was made by server {}, and this one is {}", e.originator, server_id);
  }
  const bool named_in_ascii =
      is_ascii(e.name.schema) && is_ascii(e.name.name) && is_ascii(e.definer);
  if (!named_in_ascii && !e.charset.starts_with("utf8")) {
    return "it was made by a client of character set " + e.charset +
           ", in which its name is written otherwise";
  }
  return {};
}

// An ALTER writes down its session's character set, and its account as definer unless told
// otherwise.
std::vector<std::string> statements_for(const Event& e, const char* status) {
  return {fmt::format("SET SESSION character_set_client={}, collation_connection={}, sql_mode='{}'",
                      e.charset, e.collation, e.sql_mode),
          fmt::format("ALTER DEFINER={} EVENT {} {}", account_named(e.definer).sql(),
                      qualified(e.name), status)};
}

std::string server_id_of(Connection& connection) {
  return connection.scalar("SELECT @@GLOBAL.server_id").value_or("");
}

// The events that were enabled, and all else about them.
struct Before {
  CollectionName name;
  std::string kept;
};

std::string state_of(const std::vector<Event>& events) {
  json list = json::array();
  for (const auto& e : events) {
    list.push_back(
        {base::printable(e.name.schema), base::printable(e.name.name), base::printable(e.kept)});
  }
  return json{{"events", std::move(list)}}.dump();
}

std::vector<Before> events_in(const contract::GuardUndo& undo) {
  try {
    std::vector<Before> out;
    const json state = json::parse(undo.state);
    for (const auto& entry : state.at("events")) {
      std::array<std::string, 3> texts;
      for (std::size_t i = 0; i < texts.size(); ++i) {
        auto bytes = base::unprintable(entry.at(i).get<std::string>());
        if (!bytes) throw_undo_damaged("events");
        texts.at(i) = *std::move(bytes);
      }
      out.push_back({{texts[0], texts[1]}, texts[2]});
    }
    return out;
  } catch (const json::exception&) {
    throw_undo_damaged("events");
  }
}

const Event* found(const std::vector<Event>& events, const CollectionName& name) {
  const auto it =
      std::find_if(events.begin(), events.end(), [&](const Event& e) { return e.name == name; });
  return it == events.end() ? nullptr : &*it;
}

std::string what_differs(Connection& connection, const std::vector<Before>& before) {
  const auto now = read_events(connection, [](const std::string&) { return true; });
  std::string out;
  for (const auto& was : before) {
    const Event* const e = found(now, was.name);
    std::string why;
    if (e == nullptr) {
      why = "is gone";
    } else if (e->status != "ENABLED") {
      why = "is " + e->status;
    } else if (e->kept != was.kept) {
      why = "had " + base::printable(was.kept) + " and has " + base::printable(e->kept);
    }
    if (why.empty()) continue;
    if (!out.empty()) out += "; ";
    out += base::printable(was.name.schema + "." + was.name.name) + " " + why;
  }
  return out;
}

}  // namespace

std::vector<model::Finding> EventsGuard::assess() {
  const auto connection = server_.connect();
  const Account own = own_account(*connection);
  const Grants grants = read_grants(*connection);
  const std::string server_id = server_id_of(*connection);
  std::vector<model::Finding> findings;
  const auto need = [&](const std::string& privilege, const std::string& on, std::string why) {
    findings.push_back(
        {Severity::blocker, "guard.privilege_missing", base::printable(own.text()), std::move(why),
         base::printable(fmt::format("GRANT {} ON {} TO {};", privilege, on, own.sql()))});
  };
  if (!grants.has_everywhere("EVENT")) {
    need("EVENT", "*.*", "it may not see the events of all schemas");
    return findings;
  }
  if (!grants.has_everywhere("PROCESS")) {
    need("PROCESS", "*.*", "it may not see whether an event runs");
  }
  const auto events = enabled(read_events(*connection, schemas_));
  const bool of_others = std::any_of(events.begin(), events.end(), [&](const Event& e) {
    return account_named(e.definer) != own;
  });
  const auto& version = connection->server();
  const std::string to_define = version.is_mariadb()
                                    ? (version.number >= 100502 ? "SET USER" : "SUPER")
                                    : (version.number >= 80000 ? "SET_USER_ID" : "SUPER");
  if (of_others && !grants.has_everywhere("SUPER") && !grants.has_everywhere(to_define)) {
    need(to_define, "*.*", "it may not change an event whose definer is another account");
  }
  for (const auto& e : events) {
    const std::string why = why_not_kept(e, server_id);
    if (why.empty()) continue;
    findings.push_back({Severity::blocker, "guard.event_not_kept", e.subject(),
                        why + ": disabling it would change that for good",
                        "DROP and CREATE it as it is, or disable it yourself"});
  }
  return findings;
}

contract::GuardUndo EventsGuard::look() {
  const auto connection = server_.connect();
  const auto events = enabled(read_events(*connection, schemas_));
  contract::GuardUndo undo{state_of(events), {}};
  for (const auto& e : events) {
    for (auto& statement : statements_for(e, "ENABLE")) {
      undo.statements.push_back(std::move(statement));
    }
  }
  return undo;
}

void EventsGuard::raise(const contract::GuardUndo& undo, const std::stop_token& stop) {
  const auto before = events_in(undo);
  const auto connection = server_.connect(stop);
  const std::string server_id = server_id_of(*connection);
  for (const auto& e : enabled(read_events(*connection, schemas_))) {
    std::string why = why_not_kept(e, server_id);
    const bool known = std::any_of(before.begin(), before.end(),
                                   [&](const Before& was) { return was.name == e.name; });
    if (!known) why = "it was made or enabled since the guard was prepared";
    if (!why.empty()) {
      throw Error(ErrorKind::rejected, known ? "guard.event_not_kept" : "guard.changed", why,
                  e.subject());
    }
    for (const auto& statement : statements_for(e, "DISABLE")) connection->execute(statement);
  }
  raised_at_ = newest_session(*server_.connect(stop));
}

std::vector<contract::Writer> EventsGuard::drain(std::chrono::milliseconds patience,
                                                 const std::stop_token& stop) {
  const auto connection = server_.connect(stop);
  raised_at_ = still_before(*connection, raised_at_);
  return end_sessions(
      *connection,
      {.before = raised_at_,
       .are_meant =
           [](const Session& s) { return s.command == "Connect" && s.host == "localhost"; },
       .why = "an event was running already"},
      patience, stop);
}

void EventsGuard::lower(const contract::GuardUndo& undo, const std::stop_token& stop) {
  const auto before = events_in(undo);
  const auto connection = server_.connect(stop);
  if (what_differs(*connection, before).empty()) return;
  const std::string refusal = run_undo(*connection, undo);
  const auto after = server_.connect(stop);  // whose session is as every other
  const std::string difference = what_differs(*after, before);
  if (!difference.empty()) throw not_restored(name(), difference, refusal);
}

}  // namespace wherry::stores::mysql
