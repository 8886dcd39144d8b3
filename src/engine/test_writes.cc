#include "engine/test_writes.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "ledger/ledger.h"

namespace wherry::engine {

using namespace std::chrono_literals;

void throw_log_lost(const std::string& why) {
  throw base::Error(base::ErrorKind::rejected, "rehearsal.log_lost",
                    "the target's log does not tell any more what was changed: " + why,
                    "`wherry rehearse end --resync` copies every table again");
}

TestWrites::TestWrites(const Parts& parts, contract::WatchedTarget& target,
                       const model::Position& from, contract::WatchedTables tables)
    : most_bytes_(parts.limits.dirty_bytes),
      tables_(std::move(tables)),
      log_(target.open_log(parts.fence.migration, from, parts.limits.keys_told_at_once)),
      end_(from) {
  log_->watch(tables_);
}

bool TestWrites::read_to(const model::Position& end, std::chrono::steady_clock::time_point until,
                         const std::stop_token& stop) {
  try {
    while (end_ < end) {
      if (std::chrono::steady_clock::now() > until) return false;
      if (const auto writes = log_->next(100ms, stop)) take(*writes);
    }
  } catch (const base::Error& error) {
    if (error.code() == contract::target_log_lost) throw_log_lost(error.message());
    throw;
  }
  return true;
}

void TestWrites::read_to(const model::Position& end, const std::stop_token& stop) {
  (void)read_to(end, std::chrono::steady_clock::time_point::max(), stop);
}

void TestWrites::take(const contract::ForeignWrites& writes) {
  end_ = writes.end;
  transactions_ += writes.transactions;
  for (const auto& [table, carried] : writes.carried_on) {
    auto& mine = carried_on_[table];
    mine.removed = mine.removed || carried.removed;
    mine.columns.insert(carried.columns.begin(), carried.columns.end());
  }
  for (const auto table : writes.tables) {
    whole_.insert(table);
    forget_keys(table);
  }
  for (const auto& [table, keys] : writes.keys) {
    auto& mine = keys_[table];
    for (const auto& key : keys) {
      if (mine.insert(key).second) bytes_[table] += ledger::Ledger::bytes_of(key);
    }
  }
  stay_within_limit();
}

void TestWrites::stay_within_limit() {
  const auto sum = [&] {
    return std::accumulate(bytes_.begin(), bytes_.end(), std::uint64_t{0},
                           [](std::uint64_t all, const auto& one) { return all + one.second; });
  };
  while (sum() > most_bytes_) {
    const auto most =
        std::max_element(bytes_.begin(), bytes_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    const auto table = most->first;
    whole_.insert(table);
    forget_keys(table);
  }
}

void TestWrites::forget_keys(model::CollectionId table) {
  keys_.erase(table);
  bytes_.erase(table);
}

std::set<model::CollectionId> TestWrites::whole_tables(const CascadeGraph& cascades) const {
  std::set<model::CollectionId> out = cascades.carried_to(carried_on_, whole_);
  out.insert(whole_.begin(), whole_.end());
  return out;
}

}  // namespace wherry::engine
