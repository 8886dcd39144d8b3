#pragma once
// SIGINT and SIGTERM as a stop request: the first asks for a clean stop, the second ends the
// process at once with ExitCode::stopped. Make one at the start of main, before any other thread,
// so that no thread takes the signals. Thread-safety: token() from any thread.

#include <functional>
#include <stop_token>
#include <thread>

#include <signal.h>

namespace wherry::app {

class StopSignals {
 public:
  // `on_first` runs on a thread of its own when the first signal arrives.
  explicit StopSignals(std::function<void()> on_first = {});
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  std::stop_token token() const { return source_.get_token(); }
  bool stopped_by_signal() const { return source_.stop_requested(); }

 private:
  void wait(const std::stop_token& ended);
  std::function<void()> on_first_;
  sigset_t signals_{};
  sigset_t before_{};
  std::stop_source source_;
  std::jthread waiter_;
};

}  // namespace wherry::app
