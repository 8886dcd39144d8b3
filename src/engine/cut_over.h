#pragma once
// The switch from the side that applications write to (`from`) to the other (`to`), either way
// round; knows no store. Used by one thread, beside the migration that follows from `from` to `to`.
//
//   check → guard `to` → seal `from` → drain → wait for what others end → final position →
//   apply and prove → stand still → hand over → switched → open `to`
//
// Up to "switched", whatever goes wrong is undone: `from` is open again and everything goes on as
// before. That one line of the journal is the switch: behind it `to` is opened, by whoever comes
// next if this process does not live to do it (settle_interrupted()). At no time do both sides take
// writes of those whom the guards keep off.

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "contract/awaited.h"
#include "contract/row_store.h"
#include "engine/guarded_side.h"
#include "engine/moving_objects.h"
#include "engine/status.h"
#include "engine/switch_view.h"
#include "journal/journal.h"
#include "model/counter.h"

namespace wherry::engine {

// What the migration does for a switch. Errors are passed on.
struct SwitchHost {
  std::function<Status()> status;
  // Everything in the log of `from` is applied to `to`, and every row proved equal there.
  std::function<bool()> is_settled;
  // What is in the way of writing to `from` as the way back does; changes nothing.
  std::function<std::vector<model::Finding>()> assess_way_back;
  // Makes the place for its progress on `from`.
  std::function<void()> prepare_way_back;
  // When it returns, nothing of the migration reads or writes any more.
  std::function<void()> stand_still;
  // What counts up by itself on `from`, now.
  std::function<std::vector<model::Counter>()> counters;
  // After stand_still(): `to` counts on from these, or further. Findings say what cannot.
  std::function<std::vector<model::Finding>(const std::vector<model::Counter>&)> lift;
  // After it: engine/hand_over.h. The log of `from` holds no write of others up to that place.
  std::function<model::Position(const model::Position& looked_through)> hand_over;
  // Told before the first guard goes up: what a person needs to lower them without Wherry.
  std::function<void(Side, const std::vector<NamedUndo>&)> write_undo;
};

struct SwitchParts {
  SwitchDirection direction;
  journal::Journal& journal;  // that has the state
  GuardedSide& from;
  GuardedSide& to;
  contract::RowSource& from_log;      // the log of `from`, as it is followed
  contract::RowSource& to_log;        // of `to`, as it will be followed
  contract::TableFilter filter;       // of what is followed, by the names on `from`
  contract::TableFilter back_filter;  // by the names on `to`
  MovingObjects objects;
  std::vector<contract::Awaited*> awaited{};  // in this order, behind the drain
};

class CutOver {
 public:
  CutOver(SwitchParts parts, SwitchHost host, SwitchOptions options, SwitchLog& log);

  // What must hold before anything is done; changes nothing.
  std::vector<SwitchCheck> check();

  // Returns the certificate. Throws after everything is undone: Error(rejected, "cutover.refused")
  // before anything was done, and whatever was in the way.
  nlohmann::json run(const std::stop_token& stop);

 private:
  void seal(const std::stop_token& stop);
  // Not longer than the longest downtime.
  void raise_in_time(const std::stop_token& stop);
  void wait_for_others(const std::stop_token& stop);
  void apply_and_prove(const std::stop_token& stop);
  void lift_counters();
  // Up to the log's end, which it returns.
  model::Position require_no_writes_since(const model::Position& place,
                                          const std::stop_token& stop);
  void undo(const base::Error& why);
  std::chrono::milliseconds time_left() const;
  void require_time_left(std::string_view before) const;
  nlohmann::json open_other_side(const Status& proved, const model::Position& at);
  nlohmann::json certificate_of(const Status& proved, const model::Position& at,
                                std::chrono::duration<double> downtime) const;

  SwitchParts parts_;
  SwitchHost host_;
  SwitchOptions options_;
  SwitchLog& log_;
  std::chrono::steady_clock::time_point sealed_from_{};
  model::Position final_;
  std::uint64_t dirty_at_seal_ = 0;
  std::vector<model::Counter> counters_;  // before the seal, at …
  std::chrono::steady_clock::time_point counted_at_{};
};

// What a switch moves, when it has been made: drops it from `from`, which is not written to any
// more. Nothing if that is done. To be called before anything is followed to `from`.
void finish_moving(MovingObjects& objects, GuardedSide& from, const std::stop_token& stop);

// Before a migration goes on: the side that applications write to is opened, and a switch that was
// cut short by the end of its process before it had come to "switched" is undone. `active`: that
// side; `objects`: what a switch away from it moves. finish_moving() brings the others to their
// end.
void settle_interrupted(journal::Journal& journal, GuardedSide& active, MovingObjects& objects,
                        const std::stop_token& stop);

}  // namespace wherry::engine
