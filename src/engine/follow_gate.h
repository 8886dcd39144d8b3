#pragma once
// Where following stands, and how copying and proving hold it back: the one mechanism by which a
// read of the source and a write or read of the target are brought to the same position.
//
//   copy    hold → open a source view → let following go on to view.low → read, write, commit →
//   release prove   hold → open a source view → let following go on to view.high, wait until it is
//   there → open a target view → release
//
// Thread-safe. Invariants:
// - While a hold without a limit exists, following takes no further transaction.
// - While a hold with a limit exists, following takes only transactions that begin before it.
// - `taken` ≥ `applied`; a transaction that was taken may commit at any time, held or not.
// Waits throw Error(cancelled) on stop.

#include <condition_variable>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>

#include "model/position.h"

namespace wherry::engine {

class FollowGate {
 public:
  class Hold {
   public:
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    // Does a view with this low position contain everything taken before the hold began? If not,
    // open another.
    bool is_behind(const model::Position& low) const { return taken_ <= low; }
    const model::Position& taken() const { return taken_; }
    void let_go_on_to(const model::Position& limit);

   private:
    friend class FollowGate;
    using Entry = std::list<std::optional<model::Position>>::iterator;
    Hold(FollowGate& gate, model::Position taken, Entry entry);
    FollowGate& gate_;
    std::uint64_t log_;
    model::Position taken_;
    Entry entry_;
  };

  // Sets where following starts (or starts again, after a reload from the target).
  void restart_at(const model::Position& position);
  // The same in another log than before. Holds of before hold nothing any more, and who waits for a
  // place in the old log has waited in vain: Error(transient, "source.replaced").
  void restart_in_another_log(const model::Position& position);

  [[nodiscard]] Hold hold();
  model::Position taken() const;
  model::Position applied() const;
  void wait_applied(const model::Position& position, const std::stop_token& stop) const;

  // For following alone. try_take: may the transaction that begins at `begin` be taken? If so it
  // counts as taken. Its end need not be known: views stand at boundaries of transactions, so one
  // that is past `begin` contains all of it.
  [[nodiscard]] bool try_take(const model::Position& begin);
  void wait_until_takeable(const model::Position& begin, const std::stop_token& stop) const;
  void set_applied(const model::Position& position);

  // The greatest position known to be committed on the target. A target that tells less than that
  // lost commits.
  void set_saved(const model::Position& position);
  model::Position saved() const;

 private:
  bool takeable(const model::Position& begin) const;

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::uint64_t log_ = 0;  // counts the logs
  std::list<std::optional<model::Position>> holds_;
  model::Position taken_;
  model::Position applied_;
  model::Position saved_;
};

}  // namespace wherry::engine
