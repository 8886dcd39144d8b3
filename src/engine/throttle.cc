#include "engine/throttle.h"

#include <algorithm>

#include "base/error.h"

namespace wherry::engine {

void Throttle::before(const std::stop_token& stop) { (void)before(Clock::time_point::max(), stop); }

bool Throttle::before(Clock::time_point give_up, const std::stop_token& stop) {
  constexpr auto look_again = std::chrono::milliseconds(100);
  const auto seconds_of = [](double owed, const Rate& rate) {
    const std::uint64_t now = rate;
    return now == 0 ? 0.0 : owed / static_cast<double>(now);
  };
  std::unique_lock lock(mutex_);
  while (true) {
    pay();
    const std::chrono::duration<double> debt(
        std::max(seconds_of(rows_owed_, rows_), seconds_of(bytes_owed_, bytes_)));
    if (debt.count() <= 0 && !counters_.backing_off) return true;
    if (Clock::now() >= give_up) return false;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(debt);
    changed_.wait_for(lock, stop, counters_.backing_off ? look_again : std::min(wait, look_again),
                      [] { return false; });
    if (stop.stop_requested()) base::throw_cancelled();
  }
}

void Throttle::done(std::uint64_t rows, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  pay();
  rows_owed_ += static_cast<double>(rows);
  bytes_owed_ += static_cast<double>(bytes);
}

void Throttle::pay() {
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - paid_at_).count();
  const auto left = [&](double owed, const Rate& rate) {
    const std::uint64_t a_second = rate;
    return a_second == 0 ? 0.0 : std::max(0.0, owed - seconds * static_cast<double>(a_second));
  };
  rows_owed_ = left(rows_owed_, rows_);
  bytes_owed_ = left(bytes_owed_, bytes_);
  paid_at_ = now;
}

}  // namespace wherry::engine
