// A rehearsal as a part of a migration's run: begun and ended by others, gone through by run().

#include <exception>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/failover.h"
#include "engine/history.h"
#include "engine/migration.h"
#include "engine/retry.h"

namespace wherry::engine {

using namespace std::chrono_literals;

// Whoever lost it is told by the fence where it writes.
void Migration::keep_lease_beside(const std::stop_token& done) {
  try {
    keep_trying(done, "renewing the lease", [&] {
      while (true) {
        parts_.target.renew(parts_.fence, done);
        sleep_for(3s, done);
      }
    });
  } catch (const base::Error& error) {
    spdlog::debug("renewing the lease ended: {}", error.what());
  }
}

void Migration::begin_rehearsal_if_asked(const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    if (!rehearsal_asked_) return;
  }
  std::exception_ptr failure;
  try {
    rehearsal_.begin();
    options_.open_target(stop);
  } catch (const base::Error&) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  rehearsal_asked_ = false;
  rehearsal_failure_ = failure;
  changed_.notify_all();
}

// Nobody is left who could begin one.
void Migration::refuse_rehearsal() {
  const std::lock_guard lock(mutex_);
  if (!rehearsal_asked_) return;
  rehearsal_asked_ = false;
  rehearsal_failure_ = std::make_exception_ptr(
      base::Error(base::ErrorKind::rejected, "rehearsal.not_following", "the migration has ended"));
  changed_.notify_all();
}

// Returns when none goes on, or on stop; what was changed on the target stands no more in the way
// of following then.
void Migration::rehearse(const std::stop_token& stop) {
  const auto state = [&] { return state_of(parts_.journal); };
  while (is_rehearsal(state()) && !stop.stop_requested()) {
    try {
      if (state() == State::rehearsing) {
        keep_trying(stop, "opening the target", [&] { options_.open_target(stop); });
        wait_with_lease(stop, [&] { return state() != State::rehearsing; });
        continue;
      }
      const std::jthread leasing([this](const std::stop_token& done) { keep_lease_beside(done); });
      keep_trying(stop, "closing the target", [&] { options_.close_target(stop); });
      keep_trying(stop, "undoing the rehearsal", [&] { rehearsal_.undo(stop); });
    } catch (const base::Error& error) {
      const bool in_the_way = error.kind() == base::ErrorKind::rejected ||
                              error.kind() == base::ErrorKind::not_supported ||
                              error.kind() == base::ErrorKind::data_mismatch;
      if (!in_the_way || calls_for_meeting_anew(error)) throw;
      const bool could_not_be_opened = state() == State::rehearsing;
      rehearsal_.give_up(error);
      if (could_not_be_opened) {
        wait_with_lease(stop, [&] { return state() != State::rehearsing; });
      }
      continue;
    }
    return take_up(stop);
  }
}

std::vector<SwitchCheck> Migration::check_rehearsal(std::chrono::seconds lasting) {
  auto checks = rehearsal_.check(lasting);
  const std::lock_guard lock(mutex_);
  checks.push_back({"running", phases_run_ && !paused_,
                    paused_ ? "paused: `wherry resume` first" : "the migration runs"});
  return checks;
}

void Migration::begin_rehearsal(std::chrono::seconds lasting) {
  for (const auto& check : check_rehearsal(lasting)) {
    if (check.holds) continue;
    throw base::Error(base::ErrorKind::rejected, "rehearsal.refused",
                      "nothing was done: " + check.what + ": " + check.detail);
  }
  std::unique_lock lock(mutex_);
  rehearsal_asked_ = true;
  rehearsal_failure_ = nullptr;
  phases_stop_.request_stop();
  changed_.wait(lock, [&] { return !rehearsal_asked_; });
  if (rehearsal_failure_) std::rethrow_exception(rehearsal_failure_);
}

void Migration::end_rehearsal(bool resync) {
  const std::lock_guard lock(mutex_);
  rehearsal_.end(resync);
  changed_.notify_all();
}

RehearsalView Migration::rehearsal() { return rehearsal_.view(); }

}  // namespace wherry::engine
