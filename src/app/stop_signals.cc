#include "app/stop_signals.h"

#include <ctime>
#include <utility>

#include <pthread.h>
#include <unistd.h>

#include "app/exit_codes.h"

namespace wherry::app {

StopSignals::StopSignals(std::function<void()> on_first) : on_first_(std::move(on_first)) {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, SIGINT);
  ::sigaddset(&signals_, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  waiter_ = std::jthread([this](const std::stop_token& ended) { wait(ended); });
}

StopSignals::~StopSignals() {
  waiter_.request_stop();
  waiter_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignals::wait(const std::stop_token& ended) {
  constexpr timespec patience{0, 100'000'000};  // how late the destructor may be
  while (!ended.stop_requested()) {
    if (::sigtimedwait(&signals_, nullptr, &patience) < 0) continue;
    if (source_.stop_requested()) ::_exit(static_cast<int>(ExitCode::stopped));
    source_.request_stop();
    if (on_first_) on_first_();
  }
}

}  // namespace wherry::app
