#include "engine/retry.h"

#include <condition_variable>
#include <mutex>

namespace wherry::engine {

void sleep_for(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any nothing;
  nothing.wait_for(lock, stop, time, [] { return false; });
  if (stop.stop_requested()) base::throw_cancelled();
}

}  // namespace wherry::engine
