#include "engine/definitions.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/text.h"
#include "engine/history.h"
#include "engine/schema_objects.h"

namespace wherry::engine {

namespace {

constexpr const char* pending_fact = "ddl_pending";
constexpr const char* cascades_fact = "cascade_rules";  // those that copying knew of

// What a statement does to one table of this migration.
struct Outcome {
  model::CollectionId id = 0;
  std::optional<model::CollectionName> name;  // on the source from now on; nothing = dropped
};

std::vector<Outcome> outcomes(const Parts& parts, const contract::DdlPlan& plan) {
  std::vector<Outcome> out;
  model::CollectionId next = parts.book.next_id();
  for (const auto& change : plan.tables) {
    if (change.before) {
      // One statement may rename a table twice: two are exchanged by way of a third name.
      const auto moved = std::find_if(out.begin(), out.end(),
                                      [&](const Outcome& o) { return o.name == change.before; });
      if (moved != out.end()) {
        moved->name = change.after;
        continue;
      }
    }
    auto pair = change.before ? parts.book.find_source(*change.before) : nullptr;
    // A repeat after the target lost its last commits: the table may bear its new name already.
    if (!pair && change.after) pair = parts.book.find_source(*change.after);
    if (pair) {
      out.push_back({pair->id, change.after});
    } else if (change.after) {
      out.push_back({next++, change.after});
    }
  }
  return out;
}

contract::TablePair learn_pair(Parts& parts, model::CollectionId id,
                               const model::CollectionName& name) {
  contract::TablePair pair;
  pair.id = id;
  pair.target = parts.route(name);
  auto definition = parts.target.definition(pair.target);
  if (!definition) {
    throw base::Error(base::ErrorKind::data_mismatch, "ddl.not_applied",
                      "a table made or changed on the source is not on the target",
                      pair.target.text());
  }
  pair.source = std::move(*definition);
  pair.source.name = name;
  return pair;
}

// A table that the source made in mid-stream is empty there: one chunk, copied by definition, takes
// its proof later.
void chunk_of_empty_table(Parts& parts, model::CollectionId id, const model::Position& at) {
  const model::Chunk whole{id, 1, std::nullopt, std::nullopt};
  parts.journal.plan_chunk(whole, true);
  parts.journal.chunk_done({whole, true, {at, at}, 0, 0});
}

// A change of definition as it is journaled before the target commits it.
struct Change {
  std::vector<Outcome> outcomes;
  model::Position end;
  std::uint64_t window = 0;  // its number
  std::string told;
  std::vector<model::CollectionId> again;  // tables that are copied again …
  std::string because;                     // … and why
};

std::string told_again(const std::vector<journal::TableRecord>& tables, const Change& change) {
  std::string names;
  for (const auto& table : tables) {
    if (std::find(change.again.begin(), change.again.end(), table.id) == change.again.end()) {
      continue;
    }
    names += (names.empty() ? "" : ", ") + table.source.name.text();
  }
  return names + ": " + change.because;
}

// Journal and book take over what the target has committed. May be repeated.
void journal_outcomes(Parts& parts, const Change& change) {
  std::vector<journal::TableRecord> records;
  std::vector<model::CollectionId> made;
  const auto known = parts.journal.tables();
  for (const auto& [id, name] : change.outcomes) {
    const auto old = std::find_if(known.begin(), known.end(),
                                  [id = id](const auto& record) { return record.id == id; });
    if (old == known.end() && !name) continue;
    auto& record = records.emplace_back(old == known.end() ? journal::TableRecord{} : *old);
    if (old == known.end()) made.push_back(id);
    record.id = id;
    if (!name) {
      record.planned = record.dropped = true;
      continue;
    }
    contract::TablePair pair = learn_pair(parts, id, *name);
    record.source = std::move(pair.source);
    record.target = std::move(pair.target);
  }
  parts.journal.put_tables(records);
  for (const auto id : made) chunk_of_empty_table(parts, id, change.end);
  for (const auto& record : records) {
    if (record.dropped) {
      parts.book.remove(record.id);
    } else {
      parts.book.put({record.id, record.source, record.target});
    }
  }
  for (const auto id : change.again) {
    parts.journal.set_fact(copied_again_fact(id), std::to_string(change.window));
    parts.journal.replan(id);
  }
  note(parts.journal, "ddl", change.told);
  if (!change.again.empty()) {
    note(parts.journal, "copied again", told_again(parts.journal.tables(), change));
  }
  parts.journal.set_fact(pending_fact, "");
  ++parts.unproved_version;
}

// Journaled before the target commits: the log does not repeat what it has committed, so a crash
// before journal_outcomes() would leave a table under a name that it no longer has.
void write_intent(Parts& parts, const Change& change) {
  nlohmann::json intent{{"end", change.end.text()},
                        {"window", change.window},
                        {"told", change.told},
                        {"again", change.again},
                        {"because", change.because}};
  auto& tables = intent["tables"] = nlohmann::json::array();
  for (const auto& [id, name] : change.outcomes) {
    tables.push_back({{"id", id}, {"name", name ? nlohmann::json(*name) : nlohmann::json()}});
  }
  parts.journal.set_fact(pending_fact, intent.dump());
}

std::optional<Change> change_in(const std::string& intent) {
  try {
    const auto json = nlohmann::json::parse(intent);
    Change change;
    const auto end = model::Position::parse(json.at("end").get<std::string>());
    if (!end) return std::nullopt;
    change.end = *end;
    change.window = json.value("window", change.window);
    change.told = json.at("told").get<std::string>();
    change.again = json.value("again", change.again);
    change.because = json.value("because", "");
    for (const auto& table : json.at("tables")) {
      auto& one = change.outcomes.emplace_back();
      one.id = table.at("id").get<model::CollectionId>();
      if (!table.at("name").is_null()) one.name = table.at("name").get<model::CollectionName>();
    }
    return change;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

// With tables whose rows go, those go that cascades reach through them: while one is not complete,
// a cascade would stop there (cascades.h).
std::set<model::CollectionId> copied_again_with(const Parts& parts,
                                                const std::vector<Outcome>& changed) {
  std::set<model::CollectionId> out;
  const auto graph = parts.cascades.get();
  for (const auto& pair : parts.book.all()) {
    if (std::any_of(changed.begin(), changed.end(), [&](const Outcome& table) {
          return pair->id == table.id || graph->before(pair->id).contains(table.id);
        })) {
      out.insert(pair->id);
    }
  }
  return out;
}

[[noreturn]] void throw_copied_again(const Change& change) {
  throw base::Error(base::ErrorKind::rejected, std::string(copied_again),
                    "tables are copied again: " + change.because, change.told);
}

std::uint64_t chunks_done(Parts& parts, const std::vector<model::CollectionId>& tables) {
  std::uint64_t done = 0;
  const auto totals = parts.journal.totals();
  for (const auto id : tables) {
    if (const auto it = totals.find(id); it != totals.end()) done += it->second.chunks_done;
  }
  return done;
}

// That the target has fewer chunks after it is no sign of a crash; if it fails, it has them still.
class ChunksGone {
 public:
  ChunksGone(Parts& parts, const std::vector<model::CollectionId>& tables)
      : chunks_(parts.chunks_on_target),
        gone_(std::min(chunks_done(parts, tables), chunks_.load())) {
    chunks_ -= gone_;
  }
  ~ChunksGone() { chunks_ += gone_; }
  ChunksGone(const ChunksGone&) = delete;
  ChunksGone& operator=(const ChunksGone&) = delete;
  void are_gone() { gone_ = 0; }

 private:
  std::atomic<std::uint64_t>& chunks_;
  std::uint64_t gone_;
};

bool is_complete(Parts& parts, model::CollectionId id, const model::Position& at) {
  const auto tables = parts.journal.tables();
  const bool planned = std::any_of(tables.begin(), tables.end(), [&](const auto& record) {
    return record.id == id && record.planned;
  });
  const auto chunks = parts.journal.chunks(id);
  return planned && std::all_of(chunks.begin(), chunks.end(), [&](const auto& record) {
           return record.done && record.bracket.high <= at;
         });
}

bool is_begun(Parts& parts, model::CollectionId id) {
  const auto chunks = parts.journal.chunks(id);
  return std::any_of(chunks.begin(), chunks.end(), [](const auto& record) { return record.done; });
}

// Of tables that change their names: those of which a chunk was perhaps read after that, when its
// name was another table's.
std::vector<Outcome> read_by_other_names(Parts& parts, const std::vector<Outcome>& changed,
                                         const model::Position& at) {
  std::vector<Outcome> out;
  for (const Outcome& table : changed) {
    const auto pair = parts.book.find(table.id);
    if (!pair || !table.name || *table.name == pair->source.name) continue;
    const auto chunks = parts.journal.chunks(table.id);
    if (std::any_of(chunks.begin(), chunks.end(),
                    [&](const auto& record) { return record.done && record.bracket.high > at; })) {
      out.push_back(table);
    }
  }
  return out;
}

// The tables of a new cascade's child, and those behind it: chunks of them that were copied before
// it was there were not copied for it (cascades.h), unless all that it goes through was complete.
std::set<model::CollectionId> not_copied_for(Parts& parts, const contract::DdlPlan& plan,
                                             const std::vector<Outcome>& changed,
                                             const model::Position& at) {
  if (plan.cascades_from.empty()) return {};
  const auto graph = parts.cascades.get();
  const auto child = changed.at(0).id;
  std::set<model::CollectionId> through;
  if (parts.book.find(child)) through.insert(child);  // made by this statement, it has no rows
  for (const auto& name : plan.cascades_from) {
    const auto parent = parts.book.find_source(name);
    if (!parent) continue;
    for (const auto id : graph->reached_from(parent->id)) {
      if (graph->is_child(id)) through.insert(id);
    }
  }
  if (std::all_of(through.begin(), through.end(),
                  [&](auto id) { return is_complete(parts, id, at); })) {
    return {};
  }
  std::set<model::CollectionId> out{child};
  for (const auto& pair : parts.book.all()) {
    if (graph->reached_from(pair->id).contains(child)) out.insert(pair->id);
  }
  return out;
}

std::string text_of(const contract::CascadeRule& rule) {
  return std::to_string(rule.parent) + " > " + std::to_string(rule.child) + " " +
         std::to_string(static_cast<int>(rule.on_delete)) +
         std::to_string(static_cast<int>(rule.on_update));
}

// Of a cascade that came otherwise than by a statement that adds it: its parent was dropped and
// made again, say.
void require_copied(Parts& parts, const CascadeGraph& graph, const contract::CascadeRule& rule,
                    const model::Position& at) {
  for (const auto& pair : parts.book.all()) {
    if (!graph.reached_from(pair->id).contains(rule.child) || !is_begun(parts, pair->id)) continue;
    auto through = graph.before(pair->id);
    if (pair->id == rule.child) through.insert(rule.child);
    for (const auto id : through) {
      if (is_complete(parts, id, at)) continue;
      throw base::Error(base::ErrorKind::not_supported, "ddl.cascade_while_copying",
                        "a foreign key that changes rows by itself came to a table while it was "
                        "being copied, and not by a statement that adds it: begin the migration "
                        "again, and make such changes when its tables are copied",
                        parts.book.get(id)->source.name.text());
    }
  }
}

}  // namespace

void learn_cascades(Parts& parts, const model::Position& at, TablesThere there) {
  contract::CascadeRules rules;
  std::vector<contract::TablePair> pairs;
  for (const auto& pair : parts.book.all()) {
    pairs.push_back(*pair);
    rules.tables.emplace(pair->id, pair);
  }
  rules.rules = parts.target.cascades(pairs);
  CascadeGraph graph(std::move(rules));
  if (const auto circle = graph.circle(); !circle.empty()) {
    throw base::Error(base::ErrorKind::not_supported, "cascade.circle",
                      "foreign keys that change rows by themselves lead from one table to another "
                      "and back",
                      parts.book.get(circle.front())->source.name.text());
  }
  // What is not known yet came by a change of definition, perhaps before a crash.
  const auto known = parts.journal.fact(cascades_fact);
  auto texts = nlohmann::json::array();
  if (there == TablesThere::perhaps && known) texts = nlohmann::json::parse(*known);
  for (const auto& rule : graph.rules().rules) {
    const std::string text = text_of(rule);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
    if (!known) continue;
    const auto old = nlohmann::json::parse(*known);
    if (std::find(old.begin(), old.end(), text) == old.end()) {
      require_copied(parts, graph, rule, at);
    }
  }
  if (const std::string now = texts.dump(); known != now) {
    parts.journal.set_fact(cascades_fact, now);
  }
  parts.cascades.put(std::move(graph));
}

bool apply_definition_change(Parts& parts, const model::ChangePart& part,
                             const std::stop_token& stop) {
  const model::DdlEvent& event = part.ddl.front();
  if (parts.ddl == nullptr) {
    throw base::Error(base::ErrorKind::not_supported, "ddl.not_carried",
                      "this pair of stores cannot carry changes of definition",
                      base::printable(event.statement));
  }
  if (const auto moved = apply_object_change(parts, part, stop)) return *moved;
  const contract::DdlPlan plan = parts.ddl->plan(event, parts.filter, parts.route);
  if (plan.kind == contract::DdlPlan::Kind::unrelated) return false;
  const std::string told = base::printable(event.statement.substr(0, 500));
  const DdlAction action = parts.ddl_policy(plan.what);
  if (action == DdlAction::ignore) {
    spdlog::warn("ignored by the configuration: {}", told);
    return false;
  }
  if (action == DdlAction::stop) {
    throw base::Error(base::ErrorKind::rejected, "ddl.stopped",
                      "the source ran a " + plan.what + " and the configuration says to stop there",
                      told);
  }

  const auto mark = record_window(parts, part.end, {});
  Change change{outcomes(parts, plan), part.end, mark.number, told, {}, {}};
  std::set<model::CollectionId> anew = not_copied_for(parts, plan, change.outcomes, part.end);
  if (!anew.empty()) {
    change.because = "a foreign key that changes rows by itself came while they were being copied";
  }
  if (const auto because =
          parts.ddl->learn(parts.fence, parts.source, plan, event, parts.route, mark, stop)) {
    change.because = *because;
    anew.merge(copied_again_with(parts, change.outcomes));
  }
  const std::unique_lock names(parts.names);
  if (const auto others = read_by_other_names(parts, change.outcomes, part.begin);
      !others.empty()) {
    change.because = "rows were read by a name that another table had by then";
    anew.merge(copied_again_with(parts, others));
  }
  change.again.assign(anew.begin(), anew.end());
  std::vector<contract::TablePair> again;
  for (const auto id : anew) {
    if (const auto pair = parts.book.find(id)) again.push_back(*pair);
  }
  std::set<model::CollectionId> old;
  for (const auto& pair : parts.book.all()) old.insert(pair->id);
  const std::lock_guard lock(parts.proof_mutex);
  // Proofs are void before the first side effect: a crash in between must not leave one standing.
  std::set<model::CollectionId> unproved = anew;
  for (const auto& table : change.outcomes) unproved.insert(table.id);
  for (const auto id : unproved) {
    if (!parts.book.find(id)) continue;
    parts.journal.void_proofs(id);
    parts.ledger.drop_table(id, part.end);
  }
  write_intent(parts, change);
  ChunksGone gone(parts, change.again);
  parts.ddl->apply(parts.fence, plan, event, parts.route, mark, again, stop);
  gone.are_gone();
  spdlog::info("applied {}: {}", plan.what, told);
  if (!change.again.empty()) throw_copied_again(change);
  journal_outcomes(parts, change);
  for (const auto& table : change.outcomes) {
    const auto pair = parts.book.find(table.id);
    // Made by this statement, it is empty here and there.
    if (pair && !old.contains(table.id)) parts.book.set_copied_from(table.id, part.begin);
  }
  learn_cascades(parts, part.end, TablesThere::all);
  return true;
}

void finish_definition_change(Parts& parts, const model::Position& applied, Others others) {
  const std::string intent = parts.journal.fact(pending_fact).value_or("");
  if (intent.empty()) return;
  const auto change = change_in(intent);
  if (!change) {
    throw base::Error(base::ErrorKind::internal, "journal.damaged",
                      "the change of definition that was begun last is not readable");
  }
  if (applied < change->end) {
    // Not committed there, it comes again. Until then its tables may be empty on the target, or
    // defined as after it: their chunks stand for nothing, and are keys of another kind perhaps.
    // That is so at each start until it comes.
    if (others == Others::run && !change->again.empty()) return;
    for (const auto id : change->again) parts.journal.replan(id);
    if (change->again.empty()) parts.journal.set_fact(pending_fact, "");
    return;
  }
  if (others == Others::run && !change->again.empty()) throw_copied_again(*change);
  journal_outcomes(parts, *change);
  if (others == Others::run) learn_cascades(parts, applied, TablesThere::all);
}

void forget_begun_change(Parts& parts) { parts.journal.set_fact(pending_fact, ""); }

}  // namespace wherry::engine
