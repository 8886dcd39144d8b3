#pragma once
// The ledger: which chunks are proved, and which keys changed since. At any time it can say "all proved, n keys dirty".
// It is a cache: rebuilt at start from the journal (chunks, proofs) and from the target (the windows' dirty keys).
// Thread-safe.
//
// Invariants
// - A key touched by a window that ends after the low position of its chunk's proof is dirty until it is proved by itself from a read whose
//   low position is at or after that window's end.
// - Keys of a table are recorded from *before* the first bracket of its first proof is taken (start_tracking), so none is missed.
// - Windows are forgotten in order, when no key is dirty because of them or an earlier one (forget_through).
// - Memory is bounded: a table with more than `limit` dirty keys loses its proofs and its dirty keys instead (overflowed tables are returned
//   by touch(); the caller voids their proofs in the journal before the window's commit).

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/chunk.h"
#include "model/position.h"
#include "model/proof.h"

namespace wherry::ledger {

// The keys a window touched, by table; each key once.
using TouchedKeys = std::map<model::CollectionId, std::vector<model::Key>>;

// The form in which a window's dirty keys are kept on the target (zstd-compressed, versioned). decode throws Error(data_mismatch).
std::string encode(const TouchedKeys& keys);
TouchedKeys decode(std::string_view bytes);

struct TableCounts {
  std::uint64_t chunks_proved = 0;
  std::uint64_t rows_proved = 0;
  std::uint64_t dirty_keys = 0;
};

struct DirtyKeys {
  model::CollectionId table = 0;
  std::vector<model::Key> keys;
};

class Ledger {
 public:
  explicit Ledger(std::uint64_t dirty_key_limit_per_table);

  // Proofs. A chunk without one is unproved.
  void add_proof(const model::Proof& proof);
  void drop_proof(model::CollectionId table, std::uint32_t chunk);
  void drop_table(model::CollectionId table);  // proofs and dirty keys
  std::optional<model::Proof> proof(model::CollectionId table, std::uint32_t chunk) const;
  std::optional<model::Proof> oldest_proof() const;

  // From now on the table's keys are recorded by touch().
  void start_tracking(model::CollectionId table);
  // Leaves only what has to be kept with the window: the keys of tracked tables.
  TouchedKeys tracked(TouchedKeys keys) const;

  // Records a window's keys, before it commits: too many dirty keys are harmless, too few are not. Also used to load windows at start.
  // Returns the tables that overflowed.
  std::vector<model::CollectionId> touch(std::uint64_t window, const model::Position& end, const TouchedKeys& keys);

  // Up to `most` dirty keys of one table, those touched longest ago first; nothing if no key is dirty.
  std::optional<DirtyKeys> oldest_dirty(std::size_t most) const;
  // These keys were proved equal by a read whose low position is `low`; those touched by a later window stay dirty.
  void clean(model::CollectionId table, const std::vector<model::Key>& keys, const model::Position& low);
  // Was the key touched by a window that ends after `since`?
  bool touched_after(model::CollectionId table, const model::Key& key, const model::Position& since) const;

  // Windows up to this number hold no dirty key any more and may be forgotten on the target.
  std::uint64_t forget_through() const;

  TableCounts counts(model::CollectionId table) const;
  TableCounts totals() const;

 private:
  // Data members are up to the implementation.
};

}  // namespace wherry::ledger
