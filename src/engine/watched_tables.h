#pragma once
// From where on in the target's own log the keys that others write are all in the ledger, by table:
// a read of the target that stands before that place may miss a write, and proves nothing. Guarded
// by Parts::proof_mutex.

#include <algorithm>
#include <map>
#include <memory>

#include "contract/row_cascade.h"
#include "model/position.h"

namespace wherry::engine {

class WatchedTables {
 public:
  // Until then, and when it is off again, nothing is watched and every read counts.
  void turn_on() { on_ = true; }
  void turn_off() {
    on_ = false;
    since_.clear();
  }

  // The table, by this definition, is watched from `place` on.
  void watch(const std::shared_ptr<const contract::TablePair>& pair, const model::Position& place) {
    auto& since = since_[pair->id];
    if (since.pair == pair) return;
    since = {pair, place};
  }
  // A foreign transaction that ends at `end` wrote to it, and which keys is not kept.
  void unseen_before(model::CollectionId table, const model::Position& end) {
    const auto found = since_.find(table);
    if (found != since_.end()) found->second.place = std::max(found->second.place, end);
  }
  // May a read of the target count whose view holds everything before `low`?
  bool covers(const contract::TablePair& pair, const model::Position& low) const {
    if (!on_) return true;
    const auto found = since_.find(pair.id);
    return found != since_.end() && found->second.pair.get() == &pair && found->second.place <= low;
  }

 private:
  struct Since {
    std::shared_ptr<const contract::TablePair> pair;
    model::Position place;
  };
  bool on_ = false;
  std::map<model::CollectionId, Since> since_;
};

}  // namespace wherry::engine
