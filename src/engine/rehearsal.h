#pragma once
// A rehearsal: others write to the target as they like, from a recorded place of its log on; then
// exactly what they changed is made the source's again. Its parts are called by Migration, in this
// order, and again from where a run was cut short:
//
//   begin()    following   → rehearsing  nothing is followed or proved from here on
//   end()      rehearsing  → tidying
//   undo()     tidying                   definitions as they were; the target's log says which keys
//                                        were touched
//   rewrite()  tidying     → following   following runs; these keys are read from the source again
//
// Invariants
// - What a state needs is journaled before the state begins, and kept until it has ended.
// - Until rewrite() has ended, what was changed is told by the target's log from the restore point
//   on: whoever is killed in between begins anew there. Rewriting a key again is harmless.
// - Tables of which it is not known where they were touched are empty and without chunk marks when
//   following goes on, so that they are copied again.
// - Proofs are kept: the keys of windows that rewrite() wrote are dirty, as after a repair.
//
// check(), view() and end() may be called from any thread, the others by the thread that runs the
// migration (rewrite(): by one of its phases).

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/rehearsal.h"
#include "engine/parts.h"
#include "engine/rehearsal_view.h"
#include "engine/switch_view.h"
#include "engine/test_writes.h"
#include "engine/watch_target.h"

namespace wherry::engine {

// What the stores offer for it; null: they do not.
struct RehearsalStores {
  contract::WatchedTarget* watched = nullptr;
  contract::RehearsalTarget* target = nullptr;
  contract::KeptLog* source_log = nullptr;
  contract::KeptLog* target_log = nullptr;
};

class Rehearsal {
 public:
  Rehearsal(Parts& parts, WatchTarget& watch, const RehearsalStores& stores)
      : parts_(parts), watch_(watch), stores_(stores) {}

  // What must hold before one that is meant to last so long; changes nothing.
  std::vector<SwitchCheck> check(std::chrono::seconds lasting);
  // Requires: no phase runs, and parts are restored.
  void begin();
  // With `resync` every table is copied again. Throws Error(rejected, "rehearsal.none") if none
  // goes on.
  void end(bool resync);
  // Requires: the fence is held, and no phase runs; afterwards the parts are to be restored.
  void undo(const std::stop_token& stop);
  // What undo(), or a guard, failed with stands in the way: the rehearsal goes on.
  void give_up(const base::Error& why);
  // Requires: undo(), and the parts were restored; following runs, and nothing else.
  void rewrite(const std::stop_token& stop);

  RehearsalView view();

 private:
  struct Record;
  Record record() const;
  void keep(const Record& record);
  std::vector<contract::TablePair> tables() const;
  contract::WatchedTables tables_on_target() const;
  model::Position restore_point(const Record& record, const std::stop_token& stop) const;
  std::vector<SwitchCheck> check_logs(std::chrono::seconds lasting);
  void rewrite_table(model::CollectionId id, const std::set<model::Key>& keys,
                     const std::stop_token& stop);
  void wait_caught_up(const std::stop_token& stop) const;
  void count_tests(RehearsalView& view);

  Parts& parts_;
  WatchTarget& watch_;
  const RehearsalStores stores_;

  // Between undo() and rewrite().
  std::map<model::CollectionId, std::set<model::Key>> keys_;
  std::optional<model::Position> undone_to_;  // of the target's log
  TidiedUp done_;
  std::chrono::steady_clock::time_point began_to_undo_{};

  std::mutex counting_mutex_;
  std::optional<TestWrites> counted_;
  std::string counted_from_;  // the restore point of that count
};

}  // namespace wherry::engine
