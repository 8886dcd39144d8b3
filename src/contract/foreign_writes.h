#pragma once
// What others write to a target's tables, told by the target's own log, so that proofs about their
// rows stay true. Offered by targets that can. A transaction is ours if it moves the progress of
// this migration (RowWriter says that each does); any other that touches a watched table is
// foreign. The log is evidence, not data: what cannot be read exactly counts as a write to all of a
// table, or of all tables; too much is harmless.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "contract/row_cascade.h"
#include "model/finding.h"
#include "model/key.h"
#include "model/position.h"

namespace wherry::contract {

// What became of rows of a table while foreign keys were on: what a cascade did to others then is
// in no log.
struct CarriedOn {
  bool removed = false;
  std::set<std::size_t> columns;  // that took other values
};

// Whole transactions of the target's log.
struct ForeignWrites {
  model::Position begin;           // a log read from here on tells all of this again
  model::Position end;             // everything before it was told
  std::uint64_t transactions = 0;  // of others, that touched these tables
  std::map<model::CollectionId, std::vector<model::Key>> keys;
  std::set<model::CollectionId> tables;                 // touched, it is not known where
  std::map<model::CollectionId, CarriedOn> carried_on;  // of those that are told by key
};

using WatchedTables = std::map<model::CollectionId, std::shared_ptr<const TablePair>>;

// Used by one thread. Errors: connection_lost and transient (open another one at the last end);
// Error(rejected, target_log_lost).
class TargetLog {
 public:
  TargetLog() = default;
  TargetLog(const TargetLog&) = delete;
  TargetLog& operator=(const TargetLog&) = delete;
  virtual ~TargetLog() = default;

  // Nothing if the log is silent for `patience`. Throws Error(cancelled) on stop.
  virtual std::optional<ForeignWrites> next(std::chrono::milliseconds patience,
                                            const std::stop_token& stop) = 0;
  // Writes to these tables, and no others, are told of the log after the last end. A pair that is
  // not the one given before is a table whose definition has changed.
  virtual void watch(WatchedTables tables) = 0;
};

// The code of the error that says: the log cannot be read on from there (purged, cut off by a
// crash, another server's, not understood). What others wrote since is not known.
inline constexpr std::string_view target_log_lost = "target.log_lost";

// Thread-safe.
class WatchedTarget {
 public:
  WatchedTarget() = default;
  WatchedTarget(const WatchedTarget&) = delete;
  WatchedTarget& operator=(const WatchedTarget&) = delete;
  virtual ~WatchedTarget() = default;

  // Why the target's log does not tell of the writes of others, and what would mend it; nothing if
  // it does. If it does, views of the target's readers say where in this log they stand.
  virtual std::optional<model::Finding> unwatchable() = 0;

  virtual model::Position log_end() = 0;  // Requires: it is watchable
  // What tells the file of the log that `place` is in from another of the same name, as it comes
  // after the log was begun anew (RESET MASTER). Throws Error(rejected, target_log_lost) if there
  // is no such file.
  virtual std::string log_mark(const model::Position& place, const std::stop_token& stop) = 0;
  // A table of which more than `most_keys` keys are touched at once is told as a whole.
  virtual std::unique_ptr<TargetLog> open_log(const std::string& migration,
                                              const model::Position& from,
                                              std::uint64_t most_keys) = 0;
};

}  // namespace wherry::contract
