#include "engine/restore.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "engine/definitions.h"
#include "engine/failover.h"
#include "engine/planning.h"

namespace wherry::engine {

namespace {

void restore_proofs(Parts& parts) {
  // Whoever voids proofs meanwhile voids these too.
  const std::lock_guard lock(parts.proof_mutex);
  for (const auto& proof : parts.journal.proofs()) {
    parts.ledger.start_tracking(proof.collection);
    if (!parts.ledger.add_proof(proof)) parts.journal.void_proof(proof.collection, proof.chunk);
  }
}

void restore_table(Parts& parts, const journal::TableRecord& record,
                   const contract::TargetProgress& progress) {
  std::vector<journal::ChunkRecord> on_target;
  for (const auto& mark : progress.chunks) {
    if (mark.chunk.collection != record.id) continue;
    on_target.push_back({mark.chunk, true, mark.bracket, mark.rows, mark.bytes});
  }
  parts.journal.reconcile(record.id, on_target);
  std::optional<model::Position> copied_from;
  if (on_target.size() == 1) copied_from = on_target.front().bracket.low;
  parts.book.set_copied_from(record.id, copied_from);
  parts.book.put(pair_on_target(parts, record));
}

}  // namespace

contract::TablePair pair_on_target(Parts& parts, const journal::TableRecord& record) {
  contract::TablePair pair{record.id, record.source, record.target};
  // The target's definition is the one as of its position; it is missing only if a change of
  // definition was cut short there.
  if (auto definition = parts.target.definition(record.target)) {
    pair.source.columns = std::move(definition->columns);
    pair.source.key = std::move(definition->key);
    pair.source.key_index = std::move(definition->key_index);
    pair.source.unique_keys = std::move(definition->unique_keys);
  }
  return pair;
}

contract::TargetProgress restore(Parts& parts, WatchTarget& watch, const std::stop_token& stop) {
  auto progress = parts.target.load_progress(parts.fence.migration, stop);
  if (!progress.position) throw_progress_missing(parts);
  parts.last_window = std::max(parts.last_window.load(), progress.last_window);
  const bool other_log = parts.followed && parts.followed != progress.source;
  // A target that lost its last commits took proofs about them with it.
  const bool went_back = other_log || *progress.position < parts.gate.saved() ||
                         progress.chunks.size() < parts.chunks_on_target.load();
  parts.journal.void_proofs_beyond(*progress.position);
  if (!watch.resume(went_back)) void_all_proofs(parts);
  if (other_log) {
    parts.ledger.begin_another_log();
    parts.gate.restart_in_another_log(*progress.position);
  } else {
    parts.gate.restart_at(*progress.position);
  }
  parts.followed = progress.source;
  // One that was begun in a log that is no longer followed comes again, or is not there.
  finish_definition_change(parts, other_log ? model::Position{} : *progress.position,
                           Others::stand_still);
  for (const auto& record : parts.journal.tables()) {
    parts.book.use_id(record.id);
    if (!record.dropped) restore_table(parts, record, progress);
  }
  learn_cascades(parts, *progress.position, TablesThere::perhaps);
  parts.chunks_on_target = progress.chunks.size();
  restore_proofs(parts);
  recall_dirty_keys(parts, progress);
  return progress;
}

}  // namespace wherry::engine
