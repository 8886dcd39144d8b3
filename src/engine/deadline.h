#pragma once
// A stop that comes by itself at an instant, or earlier with the stop that it passes on.
// Thread-safe.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace wherry::engine {

class Deadline {
 public:
  Deadline(std::chrono::steady_clock::time_point at, const std::stop_token& stop)
      : pass_on_(stop, PassOn{source_}), thread_([this, at](const std::stop_token& end) {
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::condition_variable_any nothing;
          nothing.wait_until(lock, end, at, [] { return false; });
          if (!end.stop_requested()) source_.request_stop();
        }) {}

  std::stop_token token() const { return source_.get_token(); }

 private:
  struct PassOn {
    std::stop_source& source;
    void operator()() const { source.request_stop(); }
  };

  std::stop_source source_;
  std::stop_callback<PassOn> pass_on_;
  std::jthread thread_;
};

}  // namespace wherry::engine
