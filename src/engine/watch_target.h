#pragma once
// Keeps proofs true when others write to the target: their transactions are found in the target's
// own log, and the keys that they touched become dirty. A target whose log does not tell keeps no
// proofs from one run to the next: what was written meanwhile is not known.
//
// Two races are closed by places in the target's log: a foreign commit that the watch has seen
// before a proof is added is in the proof's read, or its keys stay dirty, or the proof is refused
// (watched_tables.h, ledger.h); one that the watch sees later makes keys of the proof dirty. A
// place is safe to read on from as long as every foreign key before it is clean or its table's
// proofs are void; only such a place is journaled, so a restart tells again what was dirty. If the
// log cannot be read on from there all proofs are void.
//
// run() is one thread; everything else may be called from others.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "contract/foreign_writes.h"
#include "engine/foreign_writes.h"
#include "engine/parts.h"

namespace wherry::engine {

// What `watch_place_fact` holds: a place of the log of the server with this identity, and
// WatchedTarget::log_mark() of it.
std::string watch_place(const std::string& server, const model::Position& place,
                        const std::string& mark);

class WatchTarget {
 public:
  // `target`: null if it can tell nothing.
  WatchTarget(Parts& parts, contract::WatchedTarget* target) : parts_(parts), target_(target) {}

  // At start, and after the target lost transactions. May the journal's proofs be kept? False if it
  // is not known what others wrote since they were taken: the caller voids them.
  [[nodiscard]] bool resume(bool went_back);
  // Before the first view for a proof is opened. Requires: resume().
  void begin();
  // Until stop. Waits for begin(), and returns if there is nothing to watch.
  void run(const std::stop_token& stop);

  // Was everything seen that was in the target's log at begin()? Before, proofs of an earlier run
  // may be out of date. True if nothing is watched.
  bool has_looked_through() const;
  // Was everything seen that is in the target's log now? True if nothing is watched.
  bool has_seen_all();

 private:
  struct Dirty {
    std::uint64_t window = 0;  // in the ledger
    model::Position begin;
  };

  void session(const std::stop_token& stop);
  void watch_all_from(const model::Position& place);
  void give_tables(contract::TargetLog& log);
  void take(const contract::ForeignWrites& writes);
  Touched with_cascades(const contract::ForeignWrites& writes) const;
  void begin_again(const base::Error& why, const std::stop_token& stop);
  void tell_unwatched(const std::optional<model::Finding>& why);
  void save(bool now, const std::stop_token& stop);
  std::optional<model::Position> journaled_place();
  void require_same_log(const std::stop_token& stop);
  const std::string& mark_of(const model::Position& place, const std::stop_token& stop);
  model::Position safe_place();
  model::Position place() const;

  Parts& parts_;
  contract::WatchedTarget* const target_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool watched_ = false;
  bool begun_ = false;
  std::optional<model::Position> place_;  // everything before it was told
  model::Position look_through_;          // the log's end at begin()

  // Of run(), and of the others before begin() has let it go on.
  std::deque<Dirty> dirty_;  // in order
  ForeignCounts untold_;
  std::optional<std::uint64_t> tables_given_;  // TableBook::version
  std::map<std::string, std::string> marks_;   // of files, by name, from the safe place's on
  std::string saved_;
  std::chrono::steady_clock::time_point saved_at_{};
};

}  // namespace wherry::engine
