#include "engine/parts.h"

#include <utility>

#include "ledger/touched_keys.h"

namespace wherry::engine {

contract::WindowMark record_window(Parts& parts, const model::Position& end,
                                   ledger::TouchedKeys keys) {
  keys = parts.ledger.tracked(std::move(keys));
  contract::WindowMark mark;
  mark.end = end;
  if (!keys.empty()) mark.dirty_keys = ledger::encode(keys);
  const std::scoped_lock lock(parts.proof_mutex, parts.window_mutex);
  mark.number = ++parts.last_window;
  for (const auto table : parts.ledger.touch(mark.number, end, keys)) {
    parts.journal.void_proofs(table);
    ++parts.unproved_version;
  }
  return mark;
}

}  // namespace wherry::engine
