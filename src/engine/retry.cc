#include "engine/retry.h"

#include <condition_variable>
#include <mutex>

#include <spdlog/spdlog.h>

#include "base/text.h"

namespace wherry::engine {

void sleep_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any nothing;
  nothing.wait_for(lock, stop, time, [] { return false; });
  if (stop.stop_requested()) base::throw_cancelled();
}

void tell_retry(std::string_view what, const base::Error& error, std::chrono::milliseconds wait) {
  const bool everyday = error.kind() == base::ErrorKind::transient;
  spdlog::log(everyday ? spdlog::level::debug : spdlog::level::warn, "{}: {}; again in {}", what,
              error.what(), base::human_duration(wait));
}

}  // namespace wherry::engine
