#pragma once
// Bounds the load on the source: rows and bytes a second, and a pause while the source is busy or
// the migration is paused. Work is paid for after it is done (its size is not known before):
// before() waits until the debt is paid. Thread-safe.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

#include "engine/counters.h"
#include "engine/limits.h"

namespace wherry::engine {

class Throttle {
 public:
  Throttle(const Limits& limits, const Counters& counters) : limits_(limits), counters_(counters) {}

  void before(const std::stop_token& stop);  // throws Error(cancelled) on stop
  void done(std::uint64_t rows, std::uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;
  const Limits& limits_;
  const Counters& counters_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Clock::time_point paid_until_{};
};

}  // namespace wherry::engine
