#include "config/limits.h"

namespace wherry::config {

LimitsChange compare(const Limits& before, const Limits& after) {
  LimitsChange change;
  if (before.rows_per_second != after.rows_per_second) {
    change.at_once.emplace_back("limits.rows_per_second");
  }
  if (before.bytes_per_second != after.bytes_per_second) {
    change.at_once.emplace_back("limits.bytes_per_second");
  }
  if (before.back_off.threads_running != after.back_off.threads_running) {
    change.at_once.emplace_back("limits.back_off.threads_running");
  }
  if (before.back_off.replica_lag != after.back_off.replica_lag) {
    change.at_once.emplace_back("limits.back_off.replica_lag");
  }
  if (before.yields != after.yields) change.at_once.emplace_back("limits.yield");
  // Threads are started and queues bounded when a run starts.
  if (before.threads != after.threads) change.after_restart.emplace_back("limits.threads");
  if (before.memory != after.memory) change.after_restart.emplace_back("limits.memory");
  return change;
}

}  // namespace wherry::config
