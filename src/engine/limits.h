#pragma once
// What a migration may use. Every field may be changed while it runs; 0 = no limit where a rate or
// a bound is meant.

#include <atomic>
#include <cstdint>

namespace wherry::engine {

struct Limits {
  // Read from the source, by copying and proving together.
  std::atomic<std::uint64_t> rows_per_second{0};
  std::atomic<std::uint64_t> bytes_per_second{0};
  // Copying and proving wait while the source runs more threads, or is further behind its own
  // source.
  std::atomic<std::uint64_t> threads_running{0};
  std::atomic<std::uint64_t> replica_lag_seconds{0};
  // While others use the source it is read in pieces, with pauses between (source_turns.h).
  std::atomic<bool> yields{true};

  std::atomic<std::uint32_t> threads{2};  // copying at the same time (read when a run starts)
  std::atomic<std::uint64_t> chunk_bytes{8U << 20U};
  std::atomic<std::uint64_t> queue_bytes{32U << 20U};   // changes read and not yet applied
  std::atomic<std::uint64_t> window_bytes{16U << 20U};  // applied as one transaction
  std::atomic<std::uint64_t> window_changes{40'000};
  // Of all dirty keys (read when a run starts). One window leaves at most a quarter of it: of what
  // it touches beyond that, tables are dirty as a whole.
  std::atomic<std::uint64_t> dirty_bytes{64U << 20U};
  // Of one table, told at once by a cascade or by what others wrote to the target; more = all of
  // it.
  std::atomic<std::uint64_t> keys_told_at_once{200'000};

  std::atomic<std::uint64_t> max_proof_age_seconds{0};  // prove again what was proved longer ago
  // Chunks are digested by the stores themselves, where both can, so that no rows travel.
  std::atomic<bool> digests_in_stores{false};
  // A difference is read again so often, after such waits, before it counts.
  std::atomic<std::uint32_t> recheck_times{2};
  std::atomic<std::uint64_t> recheck_wait_ms{500};
};

}  // namespace wherry::engine
