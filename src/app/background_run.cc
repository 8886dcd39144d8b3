#include "app/background_run.h"

#include <chrono>

#include "base/error.h"

namespace wherry::app {

BackgroundRun::BackgroundRun(const config::Migration& config) : open_(open_migration(config)) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    try {
      open_->migration().run(stop);
    } catch (...) {
      failed_ = std::current_exception();
    }
    ended_ = true;
  });
}

BackgroundRun::~BackgroundRun() = default;

void BackgroundRun::check() {
  if (!ended_) return;
  if (failed_) std::rethrow_exception(failed_);
  base::throw_cancelled();
}

void BackgroundRun::wait_following() {
  while (!migration().is_settled(false)) {
    check();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

}  // namespace wherry::app
