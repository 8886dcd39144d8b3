#pragma once
// What others have written to the target since a place in its own log: gathered, unlike in
// watch_target.h, for as long as it takes. Memory is bounded: of the table with the most keys it is
// then only known that it was touched. Used by one thread. Errors: those of contract::TargetLog,
// which end it (another one begins anew), but Error(rejected, "rehearsal.log_lost") where the log
// cannot be read on.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "contract/foreign_writes.h"
#include "engine/cascades.h"
#include "engine/parts.h"

namespace wherry::engine {

[[noreturn]] void throw_log_lost(const std::string& why);

class TestWrites {
 public:
  // `tables`: of the migration, as the target has them.
  TestWrites(const Parts& parts, contract::WatchedTarget& target, const model::Position& from,
             contract::WatchedTables tables);

  // Reads on until everything before `end` was read, or `until` has come: false.
  bool read_to(const model::Position& end, std::chrono::steady_clock::time_point until,
               const std::stop_token& stop);
  void read_to(const model::Position& end, const std::stop_token& stop);

  const contract::WatchedTables& tables() const { return tables_; }
  const model::Position& end() const { return end_; }  // everything before it was read
  std::uint64_t transactions() const { return transactions_; }
  const std::map<model::CollectionId, std::set<model::Key>>& keys() const { return keys_; }
  // Touched, it is not known where; also by what foreign keys carry on, which no log shows.
  std::set<model::CollectionId> whole_tables(const CascadeGraph& cascades) const;
  void forget_keys(model::CollectionId table);

 private:
  void take(const contract::ForeignWrites& writes);
  void stay_within_limit();

  const std::uint64_t most_bytes_;
  const contract::WatchedTables tables_;
  std::unique_ptr<contract::TargetLog> log_;
  model::Position end_;
  std::uint64_t transactions_ = 0;
  std::map<model::CollectionId, std::set<model::Key>> keys_;
  std::map<model::CollectionId, std::uint64_t> bytes_;  // of these
  std::set<model::CollectionId> whole_;
  std::map<model::CollectionId, contract::CarriedOn> carried_on_;
};

}  // namespace wherry::engine
