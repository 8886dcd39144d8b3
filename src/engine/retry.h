#pragma once
// Trying again after errors that time may mend. No state; thread-safe.

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <string_view>

#include "base/error.h"

namespace wherry::engine {

// Sleeps, or throws Error(cancelled) on stop.
void sleep_for(std::chrono::milliseconds time, const std::stop_token& stop);

// Says in the log that `what` failed and is tried again. A transient error, such as a deadlock with
// following, is an everyday matter.
void tell_retry(std::string_view what, const base::Error& error, std::chrono::milliseconds wait);

// Calls `session` again and again until it returns; between tries waits, longer each time, up to 5
// s. Errors that may not be retried are passed on. A session that lasted a while starts the wait
// anew.
template <typename Session>
void keep_trying(const std::stop_token& stop, std::string_view what, Session session) {
  using namespace std::chrono_literals;
  std::chrono::milliseconds wait = 20ms;
  while (true) {
    const auto start = std::chrono::steady_clock::now();
    try {
      session();
      return;
    } catch (const base::Error& error) {
      if (stop.stop_requested()) base::throw_cancelled();
      if (!error.may_retry()) throw;
      if (std::chrono::steady_clock::now() - start > 10s) wait = 20ms;
      tell_retry(what, error, wait);
    }
    sleep_for(wait, stop);
    wait = std::min<std::chrono::milliseconds>(wait * 2, 5000ms);
  }
}

}  // namespace wherry::engine
