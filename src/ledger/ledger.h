#pragma once
// The ledger: which chunks are proved, and which keys changed since. At any time it can say "all
// proved, n keys dirty". It is a cache: rebuilt at start from the journal (chunks, proofs) and from
// the target (the windows' dirty keys): start_tracking() and add_proof() first, then touch() for
// each window in order. Thread-safe. Throws nothing of its own.
//
// Invariants
// - A key touched by a window that ends after the low position of its chunk's proof is dirty until
// it is proved by itself from a read
//   whose low position is at or after that window's end.
// - Keys of a table are recorded from *before* the first bracket of its first proof is taken
// (start_tracking), so none is missed. A proof
//   whose low position lies before the place from which the table's keys are all recorded is
//   refused by add_proof().
// - Windows are forgotten in order, when no key is dirty because of them or an earlier one
// (forget_through). A key touched again is
//   dirty because of the later window alone, which is enough: that window's record holds it too.
// - What others wrote to the target (touch_foreign) is numbered like windows and in their order.
// The target holds no record of it: who can tell it again does so from before oldest_foreign().
// Such a
//   key is dirty until a read of the target that stands behind that transaction has proved it.
// - Memory is bounded: when all dirty keys take more than `limit` bytes, the table with the most of
// them loses its proofs and its dirty keys instead (overflowed tables are
//   returned by touch(); the caller voids their proofs in the journal before the window's commit).

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger/touched_keys.h"
#include "model/chunk.h"
#include "model/position.h"
#include "model/proof.h"

namespace wherry::ledger {

struct TableCounts {
  std::uint64_t chunks_proved = 0;
  std::uint64_t rows_proved = 0;
  std::uint64_t dirty_keys = 0;
  friend bool operator==(const TableCounts&, const TableCounts&) = default;
};

struct DirtyKeys {
  model::CollectionId table = 0;
  std::vector<model::Key> keys;
};

class Ledger {
 public:
  explicit Ledger(std::uint64_t limit);
  static std::uint64_t bytes_of(const model::Key& dirty_key);
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // Proofs. A chunk without one is unproved. False, and nothing is kept, if keys touched after the
  // proof's low position were not recorded (the table is not tracked, was tracked too late, or
  // overflowed or was dropped in the meantime): prove it again.
  [[nodiscard]] bool add_proof(const model::Proof& proof);
  void drop_proof(model::CollectionId table, std::uint32_t chunk);
  // Drops the table's proofs and dirty keys. Proofs from reads that began before `at`, or before
  // the last window touched, are refused from now on. The table stays tracked if it was.
  void drop_table(model::CollectionId table, const model::Position& at = {});
  // Drops everything, positions too: those from now on are of another log.
  void begin_another_log();
  std::optional<model::Proof> proof(model::CollectionId table, std::uint32_t chunk) const;
  std::optional<model::Proof> oldest_proof() const;  // by the time it was taken

  // From now on the table's keys are recorded by touch().
  void start_tracking(model::CollectionId table);
  // Leaves only what has to be kept with the window: the keys of tracked tables.
  TouchedKeys tracked(TouchedKeys keys) const;

  // Records a window's keys, before it commits: too many dirty keys are harmless, too few are not.
  // Also used to load windows at start. Returns the tables that overflowed. Requires: windows come
  // in order; the same one may come again, with the same keys or more. A window's end counts as no
  // less than those of the windows before it.
  [[nodiscard]] std::vector<model::CollectionId> touch(std::uint64_t window,
                                                       const model::Position& end,
                                                       const TouchedKeys& keys);
  // The same for a transaction of others on the target that ends at `target_end` of the target's
  // log: whatever was touched so far on the source came before it.
  [[nodiscard]] std::vector<model::CollectionId> touch_foreign(std::uint64_t number,
                                                               const model::Position& target_end,
                                                               const TouchedKeys& keys);

  // Up to `most` dirty keys of one table, those touched or deferred longest ago first; nothing if
  // no key is dirty.
  std::optional<DirtyKeys> oldest_dirty(std::size_t most) const;
  // These could not be proved now: the other dirty keys of their table come before them.
  void defer(model::CollectionId table, const std::vector<model::Key>& keys);
  // These keys were proved equal by a read whose low position is `low`, on the target `target_low`
  // of its own log; those touched later, on either side, stay dirty.
  void clean(model::CollectionId table, const std::vector<model::Key>& keys,
             const model::Position& low, const model::Position& target_low = {});
  // Is the key dirty because of a window that ends after `since`? A key that another read has
  // proved meanwhile is not: check it by itself before a difference counts.
  bool touched_after(model::CollectionId table, const model::Key& key,
                     const model::Position& since) const;

  // Has the table, as a whole, not been dropped since then, and is it tracked? So a proof of a read
  // from there on would be taken.
  bool known_since(model::CollectionId table, const model::Position& low) const;

  std::uint64_t last_window() const;  // touched
  // Windows up to this number hold no dirty key any more and may be forgotten on the target.
  std::uint64_t forget_through() const;
  // The first number of touch_foreign() that holds dirty keys; nothing if none does.
  std::optional<std::uint64_t> oldest_foreign() const;

  TableCounts counts(model::CollectionId table) const;
  TableCounts totals() const;

 private:
  struct Window {
    model::Position end;
    std::uint64_t dirty = 0;                    // keys that are dirty because of it
    std::optional<model::Position> target_end;  // of a foreign transaction
  };
  using Windows = std::map<std::uint64_t, Window>;

  // A dirty key is a link of its table's list from oldest to newest; nodes of an unordered_map do
  // not move.
  struct Link;
  using Dirty = std::unordered_map<model::Key, Link>;
  struct Link {
    Windows::iterator window;
    std::uint64_t turn = 0;  // greater = touched or deferred later, over all tables
    std::pair<const model::Key, Link>* older = nullptr;
    std::pair<const model::Key, Link>* newer = nullptr;
  };

  struct Table {
    bool tracked = false;
    model::Position recorded_from;  // all keys touched after it are in `dirty` or were proved since
    std::map<std::uint32_t, model::Proof> proofs;
    std::uint64_t rows_proved = 0;
    Dirty dirty;
    Dirty::value_type* oldest = nullptr;
    Dirty::value_type* newest = nullptr;
    std::uint64_t dirty_bytes = 0;
  };
  using ByAge = std::set<
      std::tuple<std::chrono::system_clock::time_point, model::CollectionId, std::uint32_t>>;

  std::vector<model::CollectionId> touch_by(Windows::iterator blamed, const TouchedKeys& keys);
  void link_newest(Table& table, Dirty::value_type& entry);
  static void unlink(Table& table, Dirty::value_type& entry);
  void unblame(Windows::iterator window);
  void forget_proof(Table& table, model::CollectionId id,
                    std::map<std::uint32_t, model::Proof>::iterator proof);
  void empty(Table& table, model::CollectionId id);
  model::CollectionId empty_the_largest();
  static TableCounts counts_of(const Table& table);

  const std::uint64_t limit_;
  mutable std::mutex mutex_;
  std::map<model::CollectionId, Table> tables_;
  Windows windows_;                // those with dirty keys
  Windows foreign_;                // the same, of touch_foreign()
  std::uint64_t dirty_bytes_ = 0;  // of all tables
  std::uint64_t last_window_ = 0;
  std::uint64_t last_turn_ = 0;
  model::Position last_end_;
  ByAge proofs_by_age_;
};

}  // namespace wherry::ledger
