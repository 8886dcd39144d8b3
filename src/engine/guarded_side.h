#pragma once
// The guards of one side. What lowers them is journaled before the first is raised, and forgotten
// when the last is lowered: so whoever finds it there knows what to lower, whatever instant the one
// before was killed at. Used by one thread.

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/guard.h"
#include "engine/states.h"
#include "journal/journal.h"

namespace wherry::engine {

struct NamedUndo {
  std::string guard;
  contract::GuardUndo undo;
};

// As journaled; what no guard lowers any more is there too. Empty: no guard is up.
std::vector<NamedUndo> guards_raised(journal::Journal& journal, Side side);

class GuardedSide {
 public:
  // In the order in which they are raised. The guards and the journal outlive this.
  GuardedSide(Side side, std::vector<contract::Guard*> guards, journal::Journal& journal);

  Side side() const { return side_; }
  bool has_guards() const { return !guards_.empty(); }
  bool has_guard_of_objects() const;
  std::vector<model::Finding> assess();

  // Journals what lowers them. Guards that are up stay as they were prepared then.
  void prepare();
  // Requires: prepare(). A repeat raises what has come down.
  void raise(const std::stop_token& stop);
  [[nodiscard]] std::vector<contract::Writer> drain(std::chrono::milliseconds patience,
                                                    const std::stop_token& stop);
  // Lowers what was prepared, the last first, and forgets it. What one guard fails with is thrown
  // when all were tried; the side stays guarded then, as far as the journal knows. Throws
  // Error(rejected, "guard.unknown") for one that the configuration does not have any more.
  void lower(const std::stop_token& stop);
  // Triggers and events are not there any more: what guards them has nothing to bring back.
  void forget_objects();

 private:
  contract::Guard* named(const std::string& name) const;

  const Side side_;
  const std::vector<contract::Guard*> guards_;
  journal::Journal& journal_;
};

}  // namespace wherry::engine
