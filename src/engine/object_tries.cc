#include "engine/object_tries.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/error.h"
#include "engine/retry.h"

namespace wherry::engine {

using base::ErrorKind;

Tried try_object(ObjectParts& parts, contract::ObjectReader& reader,
                 const contract::ObjectInfo& object, const std::stop_token& stop,
                 const std::function<void(const contract::ObjectInfo&)>& work) {
  using namespace std::chrono_literals;
  constexpr int tries = 5;
  const auto blocked = [&](const char* code, const std::string& why, const char* what_to_do) {
    parts.findings.tell(
        {model::Severity::blocker, code, parts.source.text(object.key), why, what_to_do});
    return Tried::told;
  };
  std::optional<contract::ObjectInfo> now = object;
  std::chrono::milliseconds wait = 20ms;
  for (int attempt = 0; attempt < tries; ++attempt) {
    try {
      if (attempt > 0) now = reader.find(object.key);
      if (!now) return Tried::gone;
      work(*now);
      return Tried::done;
    } catch (const base::Error& error) {
      if (error.kind() == ErrorKind::not_supported) {
        return blocked("object.not_copied", error.message(),
                       "mend what stands in the way, then run again");
      }
      if (error.kind() != ErrorKind::data_mismatch) throw;
    }
    sleep_for(wait, stop);
    wait *= 3;
  }
  return blocked("object.changing", "it changed each of the times it was read",
                 "let it rest, then run again");
}

void for_each_of_several(std::uint32_t threads, const std::stop_token& stop,
                         const std::function<void(const std::stop_token&)>& body) {
  std::stop_source all_stop;
  const std::stop_callback pass_on(stop, [&] { all_stop.request_stop(); });
  std::mutex mutex;
  std::exception_ptr failure;
  {
    std::vector<std::jthread> running;
    for (std::uint32_t i = 0; i < std::max(1U, threads); ++i) {
      running.emplace_back([&] {
        try {
          body(all_stop.get_token());
        } catch (...) {
          const std::lock_guard lock(mutex);
          if (!failure) failure = std::current_exception();
          all_stop.request_stop();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace wherry::engine
