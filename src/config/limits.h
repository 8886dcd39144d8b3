#pragma once
// How much a migration may take of the source, the target and this machine. Values.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/units.h"

namespace wherry::config {

// Slow down while the source is above one of these.
struct BackOff {
  std::optional<std::uint64_t> threads_running;
  std::optional<std::chrono::milliseconds> replica_lag;
  friend bool operator==(const BackOff&, const BackOff&) = default;
};

struct Limits {
  std::uint32_t threads = 4;                     // readers, and as many writers
  std::optional<std::uint64_t> rows_per_second;  // nothing: unlimited
  std::optional<base::Bytes> bytes_per_second;   // nothing: unlimited
  base::Bytes memory{512ULL << 20U};             // of all queues and buffers
  // While others use the source it is read in small pieces, with pauses between.
  bool yields = true;
  BackOff back_off;
  friend bool operator==(const Limits&, const Limits&) = default;
};

// Which limits differ between two versions of a config, by their keys ("limits.threads").
struct LimitsChange {
  std::vector<std::string> at_once;        // a running migration takes them over
  std::vector<std::string> after_restart;  // these need a restart
};
LimitsChange compare(const Limits& before, const Limits& after);

}  // namespace wherry::config
