#pragma once
// Turns a migration round: what was followed from one server to another is followed the other way
// from here on. Nothing is copied: chunks and proofs are carried over, since both sides are equal.
// A repeat, after it was cut short anywhere, begins anew; the direction that ends is not touched.

#include <stop_token>
#include <string>

#include "contract/foreign_writes.h"
#include "contract/row_store.h"
#include "journal/journal.h"

namespace wherry::engine {

struct HandOver {
  std::string migration;
  journal::Journal& ending;                    // of the direction that ends
  journal::Journal& beginning;                 // of the one that begins
  contract::RowSource& new_source;             // the server that was written to by Wherry alone
  contract::RowTarget& new_target;             // the server that applications wrote to
  contract::WatchedTarget* watched = nullptr;  // of the latter
  // A place of the latter's log up to which nobody has written since both sides were equal: what
  // others write behind it is told.
  model::Position looked_through{};
};

// Requires: nobody writes to either, nothing of this migration runs, both sides are equal and every
// chunk is proved. Returns where the new source's log is followed from.
model::Position hand_over(const HandOver& parts);

}  // namespace wherry::engine
