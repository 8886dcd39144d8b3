#pragma once
// A store's change log, read as a replica reads it: from a position on, in commit order, nothing
// left out. Used by one thread; only a stop request comes from outside, and breaks a blocked read.
// Errors: connection_lost (open a new one at the last position taken over), rejected
// "source.log_purged", not_supported for anything that cannot be carried exactly (never skipped),
// data_mismatch for a broken log.

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>

#include "model/change.h"

namespace wherry::contract {

// The collections whose changes are wanted, with their definitions as of the log's current
// position.
using TrackedTables = std::map<model::CollectionId, model::TableSchema>;

class ChangeLog {
 public:
  ChangeLog() = default;
  ChangeLog(const ChangeLog&) = delete;
  ChangeLog& operator=(const ChangeLog&) = delete;
  virtual ~ChangeLog() = default;

  // The next part; nothing if the log is silent for `patience`. Throws Error(cancelled) on stop.
  // After a part with a DdlEvent the log must not be read on before track() was called with the
  // definitions that hold then.
  virtual std::optional<model::ChangePart> next(std::chrono::milliseconds patience,
                                                const std::stop_token& stop) = 0;

  virtual void track(TrackedTables tables) = 0;
};

}  // namespace wherry::contract
