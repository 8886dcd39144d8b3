#pragma once
// While others use the source, it is read a piece at a time, by one reader at a time, with pauses
// several times as long as the reads between: whoever waits behind a read waits for milliseconds,
// and nine tenths of the time for nobody of ours. While nobody does, reads go as fast as they
// can. Thread-safe.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/units.h"
#include "engine/counters.h"
#include "engine/limits.h"

namespace wherry::engine {

class SourceTurns {
 public:
  SourceTurns(const Limits& limits, const Counters& counters)
      : limits_(limits), counters_(counters) {}

  // A read. Nothing may be waited for while it lives.
  class Turn {
   public:
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    // What may be read in it; nothing = as much as there is.
    std::optional<base::Bytes> piece() const;

   private:
    friend class SourceTurns;
    explicit Turn(SourceTurns* turns) : turns_(turns) {}
    SourceTurns* turns_;  // null: nobody is to be considered
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  };

  // Waits for it. Throws Error(cancelled) on stop.
  [[nodiscard]] Turn next(const std::stop_token& stop);

 private:
  void end(std::chrono::steady_clock::duration took);

  const Limits& limits_;
  const Counters& counters_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool taken_ = false;
  std::chrono::steady_clock::time_point free_at_{};
};

}  // namespace wherry::engine
