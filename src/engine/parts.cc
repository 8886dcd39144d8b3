#include "engine/parts.h"

#include <utility>

#include "base/error.h"
#include "ledger/touched_keys.h"

namespace wherry::engine {

contract::TargetProgress load_progress(const Parts& parts, const std::stop_token& stop) {
  // Read first: both only grow, so the target must know at least as much afterwards.
  const model::Position saved = parts.gate.saved();
  const std::uint64_t chunks = parts.chunks_on_target;
  auto progress = parts.target.load_progress(parts.fence.migration, stop);
  const model::Position now = progress.position.value_or(model::Position{});
  if (now < saved || progress.chunks.size() < chunks) {
    throw base::Error(base::ErrorKind::data_mismatch, std::string(target_went_back),
                      "the target lost transactions that it had committed",
                      "is at " + now.text() + ", was at " + saved.text());
  }
  return progress;
}

contract::WindowMark record_window(Parts& parts, const model::Position& end, Touched touched) {
  auto keys = parts.ledger.tracked(std::move(touched.keys));
  contract::WindowMark mark;
  mark.end = end;
  if (!keys.empty()) mark.dirty_keys = ledger::encode(keys);
  const std::scoped_lock lock(parts.proof_mutex, parts.window_mutex);
  mark.number = ++parts.last_window;
  for (const auto table : parts.ledger.touch(mark.number, end, keys)) {
    parts.journal.void_proofs(table);
    ++parts.unproved_version;
  }
  for (const auto table : touched.tables) {
    if (parts.ledger.counts(table).chunks_proved != 0) parts.journal.void_proofs(table);
    parts.ledger.drop_table(table, end);
    ++parts.unproved_version;
  }
  return mark;
}

bool copied_exactly(const Parts& parts, const contract::TablePair& pair) {
  return pair.source.key.empty() || parts.cascades.get()->is_child(pair.id);
}

bool copied_whole(const Parts& parts, const contract::TablePair& pair) {
  return pair.source.key.empty() || parts.cascades.get()->in_one_piece(pair.id);
}

std::vector<model::CollectionName> exact_with(const Parts& parts, const contract::TablePair& pair) {
  std::vector<model::CollectionName> names;
  for (const auto id : parts.cascades.get()->reached_from(pair.id)) {
    if (const auto table = parts.book.find(id)) names.push_back(table->source.name);
  }
  return names;
}

}  // namespace wherry::engine
