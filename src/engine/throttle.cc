#include "engine/throttle.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::engine {

void Throttle::before(const std::stop_token& stop) {
  constexpr auto look_again = std::chrono::milliseconds(100);
  std::unique_lock lock(mutex_);
  while (Clock::now() < paid_until_ || counters_.backing_off) {
    const auto until = counters_.backing_off ? Clock::now() + look_again
                                             : std::min(paid_until_, Clock::now() + look_again);
    changed_.wait_until(lock, stop, until, [] { return false; });
    if (stop.stop_requested()) base::throw_cancelled();
  }
}

void Throttle::done(std::uint64_t rows, std::uint64_t bytes) {
  const auto seconds_for = [](std::uint64_t amount, std::uint64_t rate) {
    return rate == 0 ? 0.0 : static_cast<double>(amount) / static_cast<double>(rate);
  };
  const double seconds = std::max(seconds_for(rows, rows_), seconds_for(bytes, bytes_));
  const std::lock_guard lock(mutex_);
  paid_until_ = std::max(paid_until_, Clock::now()) +
                std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace wherry::engine
