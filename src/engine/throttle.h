#pragma once
// Bounds the load on the source: rows and bytes a second, and a pause while the source is busy or
// the migration is paused. Work is paid for after it is done (its size is not known before):
// before() waits until the debt is paid. Thread-safe.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

#include "engine/counters.h"

namespace wherry::engine {

class Throttle {
 public:
  using Rate = std::atomic<std::uint64_t>;  // a second; 0 = no limit
  Throttle(const Rate& rows, const Rate& bytes, const Counters& counters)
      : rows_(rows), bytes_(bytes), counters_(counters) {}

  using Clock = std::chrono::steady_clock;

  void before(const std::stop_token& stop);  // throws Error(cancelled) on stop
  // The same, but false if it is not paid by then.
  [[nodiscard]] bool before(Clock::time_point give_up, const std::stop_token& stop);
  void done(std::uint64_t rows, std::uint64_t bytes);

 private:
  void pay();  // what the time since paid_at_ is worth; Requires: mutex_ is held

  const Rate& rows_;
  const Rate& bytes_;
  const Counters& counters_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  // Owed at paid_at_. Amounts, not times: a rate that is changed holds for what is owed already.
  double rows_owed_ = 0;
  double bytes_owed_ = 0;
  Clock::time_point paid_at_ = Clock::now();
};

}  // namespace wherry::engine
