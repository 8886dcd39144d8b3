#include "engine/definitions.h"

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::engine {

namespace {

using Change = contract::DdlPlan::TableChange;

// A table that the source made in mid-stream is empty there: one chunk, copied by definition, takes
// its proof later.
void add_created_table(Parts& parts, const model::CollectionName& name, const model::Position& at) {
  contract::TablePair pair;
  pair.id = parts.book.next_id();
  pair.target = parts.route(name);
  auto definition = parts.target.definition(pair.target);
  if (!definition) {
    throw base::Error(base::ErrorKind::data_mismatch, "ddl.not_applied",
                      "a table made on the source is not on the target", pair.target.text());
  }
  pair.source = std::move(*definition);
  pair.source.name = name;
  parts.journal.put_tables({{pair.id, pair.source, pair.target, std::nullopt, false, false}});
  const model::Chunk whole{pair.id, 1, std::nullopt, std::nullopt};
  parts.journal.plan_chunk(whole, true);
  parts.journal.chunk_done({whole, true, {at, at}, 0, 0});
  parts.book.put(std::move(pair));
}

void renew(Parts& parts, const contract::TablePair& old, const model::CollectionName& name) {
  contract::TablePair pair = old;
  pair.target = parts.route(name);
  auto definition = parts.target.definition(pair.target);
  if (!definition) {
    throw base::Error(base::ErrorKind::data_mismatch, "ddl.not_applied",
                      "a table changed on the source is not on the target", pair.target.text());
  }
  pair.source = std::move(*definition);
  pair.source.name = name;
  bool planned = false;
  std::optional<model::Key> planned_through;
  for (const auto& record : parts.journal.tables()) {
    if (record.id != pair.id) continue;
    planned = record.planned;
    planned_through = record.planned_through;
  }
  parts.journal.put_tables({{pair.id, pair.source, pair.target, planned_through, planned, false}});
  parts.book.put(std::move(pair));
}

void drop(Parts& parts, const contract::TablePair& pair) {
  parts.journal.put_tables({{pair.id, pair.source, pair.target, std::nullopt, true, true}});
  parts.book.remove(pair.id);
}

}  // namespace

bool apply_definition_change(Parts& parts, const model::ChangePart& part) {
  const model::DdlEvent& event = part.ddl.front();
  if (parts.ddl == nullptr) {
    throw base::Error(base::ErrorKind::not_supported, "ddl.not_carried",
                      "this pair of stores cannot carry changes of definition",
                      base::printable(event.statement));
  }
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

  // Proofs are void before the first side effect: a crash in between must not leave one standing.
  struct Touched {
    Change change;
    std::shared_ptr<const contract::TablePair> pair;  // null: created
  };
  std::vector<Touched> touched;
  for (const Change& change : plan.tables) {
    auto pair = change.before ? parts.book.find_source(*change.before) : nullptr;
    // A repeat after a crash: the table may bear its new name already.
    if (!pair && change.after) pair = parts.book.find_source(*change.after);
    touched.push_back({change, std::move(pair)});
  }
  const auto mark = record_window(parts, part.end, {});
  const std::lock_guard lock(parts.proof_mutex);
  for (const auto& [change, pair] : touched) {
    if (!pair) continue;
    parts.journal.void_proofs(pair->id);
    parts.ledger.drop_table(pair->id, part.end);
  }
  parts.ddl->apply(parts.fence, plan, event, parts.route, mark);

  for (const auto& [change, pair] : touched) {
    if (pair && change.after) {
      renew(parts, *pair, *change.after);
    } else if (pair) {
      drop(parts, *pair);
    } else if (change.after) {
      add_created_table(parts, *change.after, part.end);
    }
  }
  ++parts.unproved_version;
  journal::Event history;
  history.at = std::chrono::system_clock::now();
  history.kind = "ddl";
  history.detail = told;
  parts.journal.append(history);
  spdlog::info("applied {}: {}", plan.what, told);
  return true;
}

}  // namespace wherry::engine
