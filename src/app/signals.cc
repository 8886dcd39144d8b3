#include "app/signals.h"

#include <csignal>
#include <ctime>
#include <utility>

#include <pthread.h>
#include <unistd.h>

#include "app/exit_codes.h"

namespace wherry::app {

namespace {

sigset_t waited_for() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = waited_for();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Signals::~Signals() = default;

void Signals::watch(std::stop_source stop, std::function<void(const char*)> on_first,
                    std::function<void()> reload) {
  thread_ = std::jthread([stop = std::move(stop), on_first = std::move(on_first),
                          reload = std::move(reload)](const std::stop_token& end) mutable {
    const sigset_t set = waited_for();
    constexpr timespec look_again{0, 100'000'000};
    bool stopping = false;
    while (!end.stop_requested()) {
      const int signal = sigtimedwait(&set, nullptr, &look_again);
      if (signal < 0) continue;
      if (signal == SIGHUP) {
        reload();
        continue;
      }
      if (stopping) ::_exit(static_cast<int>(ExitCode::stopped));
      stopping = true;
      on_first(signal == SIGINT ? "SIGINT" : "SIGTERM");
      stop.request_stop();
    }
  });
}

}  // namespace wherry::app
