#pragma once
// Triggers and events act by themselves: they are on the side that is written to and nowhere else,
// and a switch moves them.
//
//   list (before the seal) → make (after it: journaled; the triggers) → undo, or behind the switch:
//   finish (gone from the old side, the events made on the new one)
//
// Triggers are on the new side before anybody writes there; events, which nobody has to be let in
// for, only when it is the side that is written to. From make() on the journal holds what either
// end needs, so whoever finds it there can come to it. Used by one thread.

#include <functional>
#include <string>
#include <vector>

#include "contract/schema_objects.h"
#include "engine/guarded_side.h"
#include "journal/journal.h"
#include "model/finding.h"

namespace wherry::engine {

// Errors of these are passed on; a repeat of each converges.
struct MovingEnds {
  std::function<std::vector<contract::HeldBack>()> list;  // what `from` has now
  // What is in the way of moving these, and back; changes nothing.
  std::function<std::vector<model::Finding>(const std::vector<contract::HeldBack>&)> assess;
  // On `to`; what an earlier call made of the same kinds is made again or gone.
  std::function<std::vector<model::Finding>(const std::vector<contract::HeldBack>&)> make;
  std::function<void()> remove;  // from `to`, what make() made
  std::function<std::vector<model::Finding>(const std::vector<contract::HeldBack>&)>
      drop;  // from `from`
  // Told before anything is dropped: what a person needs to make them again on `from`.
  std::function<void(const std::vector<contract::HeldBack>&)> keep;
};

class MovingObjects {
 public:
  MovingObjects(journal::Journal& journal, MovingEnds ends);

  std::vector<model::Finding> assess() const;
  void list();
  const std::vector<contract::HeldBack>& listed() const { return before_; }
  // Throws Error(rejected, "cutover.objects_changed") if they are others than those listed, and
  // "cutover.not_made" if one cannot be made.
  void make();
  void undo();
  // What could not be dropped or made is a finding of the journal: the switch has been made.
  void finish(GuardedSide& from);

 private:
  journal::Journal& journal_;
  const MovingEnds ends_;
  std::vector<contract::HeldBack> before_;  // as they acted
};

}  // namespace wherry::engine
