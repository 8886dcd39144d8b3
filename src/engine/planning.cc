#include "engine/planning.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "engine/definitions.h"
#include "engine/history.h"
#include "engine/schema_objects.h"
#include "engine/stream_start.h"

namespace wherry::engine {

using namespace std::chrono_literals;

namespace {

std::vector<contract::TablePair> pairs_now(Parts& parts) {
  std::vector<contract::TablePair> pairs;
  model::CollectionId id = 1;
  for (auto& table : parts.source.tables(parts.filter)) {
    contract::TablePair pair;
    pair.id = id++;
    pair.target = parts.route(table.name);
    pair.source = std::move(table);
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

// What is not carried cannot make a difference to what is made here, and is told of when following
// comes to it.
bool may_change_what_is_made(Parts& parts, const model::DdlEvent& event) {
  if (parts.objects == nullptr) return true;
  const auto plan = parts.objects->plan_object(event, parts.filter, parts.route);
  return plan.kind != contract::ObjectPlan::Kind::not_carried;
}

bool definition_changed_since(Parts& parts, const model::Position& from,
                              const std::vector<contract::TablePair>& pairs) {
  const model::Position until = parts.source.position();
  contract::TrackedTables tracked;
  for (const auto& pair : pairs) tracked.emplace(pair.id, pair.source);
  const auto log = parts.source.changes(from, tracked);
  model::Position at = from;
  try {
    while (at < until) {
      const auto part = log->next(1s, std::stop_token{});
      if (!part) continue;
      if (!part->ddl.empty()) {
        if (may_change_what_is_made(parts, part->ddl.front())) return true;
        log->track(tracked);
      }
      if (part->last) at = part->end;
    }
  } catch (const base::Error& error) {
    // Rows from before a change of definition need not fit the definition after it.
    if (error.kind() != base::ErrorKind::data_mismatch) throw;
    spdlog::warn("planning: {}", error.what());
    return true;
  }
  return false;
}

// False if a definition changed on the source meanwhile: what was made may be older or newer than
// the stream's start.
bool make_tables(Parts& parts, const model::Position& from,
                 const std::vector<contract::TablePair>& pairs) {
  if (definition_changed_since(parts, from, pairs)) return false;
  std::vector<journal::TableRecord> records;
  records.reserve(pairs.size());
  for (const auto& pair : pairs) {
    records.push_back({pair.id, pair.source, pair.target, std::nullopt, false, false});
  }
  // An earlier attempt may have been cut short and may have seen other tables.
  for (auto& old : parts.journal.tables()) {
    if (old.id <= records.size()) continue;
    old.dropped = old.planned = true;
    records.push_back(std::move(old));
  }
  parts.journal.put_tables(records);
  note(parts.journal, "planning",
       "makes " + std::to_string(pairs.size()) + " tables on the target");
  std::vector<model::Finding> findings;
  try {
    parts.target.create_tables(parts.fence, parts.source, pairs);
    if (parts.ddl != nullptr) {
      parts.ddl->make_schemas(parts.fence, parts.source, parts.filter, parts.route);
    }
    findings = create_objects(parts);
  } catch (const base::Error& error) {
    if (error.may_retry() || !definition_changed_since(parts, from, pairs)) throw;
    return false;
  }
  if (definition_changed_since(parts, from, pairs)) return false;
  for (const auto& pair : pairs) {
    const auto made = parts.target.definition(pair.target);
    if (made && made->carries_like(pair.source)) continue;
    throw base::Error(base::ErrorKind::not_supported, "target.definition_differs",
                      "the target's table cannot hold the source's rows exactly as they are",
                      pair.source.name.text());
  }
  note_objects(parts, findings);
  return true;
}

// Chunks that the journal says are on the target.
std::uint64_t chunks_copied(Parts& parts) {
  std::uint64_t done = 0;
  for (const auto& [id, totals] : parts.journal.totals()) done += totals.chunks_done;
  return done;
}

}  // namespace

void plan(Parts& parts, const std::stop_token& stop) {
  constexpr int tries = 20;
  for (int attempt = 0; attempt < tries; ++attempt) {
    const model::Position from = stream_start(parts.source, parts.journal, 60s, stop);
    const auto pairs = pairs_now(parts);
    if (make_tables(parts, from, pairs)) {
      parts.target.begin_filling(parts.fence, pairs);
      parts.target.start_stream(parts.fence, from);
      go(parts.journal, State::copying,
         std::to_string(pairs.size()) + " tables, from " + from.text());
      return;
    }
    spdlog::info("a definition changed while planning; planning again");
  }
  throw base::Error(base::ErrorKind::rejected, "plan.unsettled",
                    "the source's tables change too often to plan a migration",
                    "start again when no schema change is running");
}

bool forgot_its_start(Parts& parts, const std::stop_token& stop) {
  if (state_of(parts.journal) != State::copying) return false;
  if (parts.target.load_progress(parts.fence.migration, stop).position) return false;
  spdlog::warn("the target has lost the start of the stream: all is planned anew");
  void_all_proofs(parts);
  forget_begun_change(parts);
  const std::uint64_t lost = chunks_copied(parts);
  for (const auto& table : parts.journal.tables()) parts.journal.replan(table.id);
  go(parts.journal, State::planned,
     "the target has lost the start of the stream, and " + std::to_string(lost) + " chunks");
  return true;
}

void throw_progress_missing(Parts& parts) {
  // Lost since it was looked for: whoever meets the target anew plans anew.
  if (state_of(parts.journal) == State::copying) {
    throw base::Error(base::ErrorKind::data_mismatch, std::string(target_went_back),
                      "the target has lost the start of the stream");
  }
  throw base::Error(
      base::ErrorKind::data_mismatch, "target.progress_missing",
      "the target holds no progress of this migration any more, of which the journal knows " +
          std::to_string(chunks_copied(parts)) +
          " chunks: it was emptied, or comes from a backup of before. What its tables hold is not "
          "known. Bring back its schema `_wherry` together with them, or drop them and begin "
          "again with a new journal folder",
      parts.target.describe());
}

}  // namespace wherry::engine
