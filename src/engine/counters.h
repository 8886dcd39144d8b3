#pragma once
// Live figures of a running migration, for status. Written by the phases, read by anyone: all
// atomic.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace wherry::engine {

struct Counters {
  std::atomic<std::uint64_t> rows_copied{0};  // by this process
  std::atomic<std::uint64_t> bytes_copied{0};
  std::atomic<std::uint64_t> transactions{0};  // applied by this process
  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::uint64_t> rows_proved{0};
  // Commit time on the source of the last transaction applied here; and whether anything is known
  // to be waiting.
  std::atomic<std::int64_t> last_applied_commit_ms{0};  // since 1970
  std::atomic<bool> caught_up{false};
  std::atomic<std::int64_t> caught_up_at_ms{
      -1'000'000};                       // steady clock; when nothing was waiting last
  std::atomic<bool> backing_off{false};  // the source is busy: copying and proving wait
  std::atomic<bool> others_use_source{false};

  void set_caught_up() {
    caught_up = true;
    caught_up_at_ms = steady_ms();
  }
  // Told by this machine's clock alone, whatever the source's says.
  std::chrono::milliseconds since_caught_up() const {
    return std::chrono::milliseconds{caught_up ? 0 : steady_ms() - caught_up_at_ms};
  }

  // How far the target is behind the source's log.
  std::chrono::milliseconds lag() const {
    if (caught_up) return std::chrono::milliseconds{0};
    const std::int64_t last = last_applied_commit_ms;
    if (last == 0) return std::chrono::milliseconds::max();
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return std::max(std::chrono::milliseconds{0}, now - std::chrono::milliseconds{last});
  }

 private:
  static std::int64_t steady_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace wherry::engine
