#pragma once
// For the engine's tests: two servers in memory, a journal on disk, writers that never stop, and a
// migration between them. One thread drives it.

#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "engine/migration.h"
#include "journal/journal.h"
#include "stores/memory/ddl.h"
#include "stores/memory/server.h"
#include "stores/memory/source.h"
#include "stores/memory/target.h"
#include "stores/memory/watched_target.h"
#include "tests/support/faults.h"

namespace wherry::engine {

// bank.account(id bigint key, owner varchar, tag varchar unique null)
model::TableSchema account_table();
stores::memory::Row account(int id, const std::string& owner, const std::string& tag);
inline const model::CollectionName account_name{"bank", "account"};

// Random inserts, updates, key changes, removals and swaps of unique values on bank.account, until
// it is gone.
class Writers {
 public:
  Writers(std::shared_ptr<stores::memory::Server> server, unsigned seed);

 private:
  std::jthread thread_;
};

// One run of a migration, as one process would make it. Gone = stopped. With `faults` its target
// fails as they say.
class RunningMigration {
 public:
  RunningMigration(std::shared_ptr<stores::memory::Server> from,
                   const std::shared_ptr<stores::memory::Server>& to,
                   const std::filesystem::path& journal,
                   std::shared_ptr<tests::Faults> faults = std::make_shared<tests::Faults>(),
                   std::uint64_t chunk_bytes = 8U << 10U);
  ~RunningMigration();

  engine::Migration& migration() { return *migration_; }
  Limits& limits() { return limits_; }
  bool wait_settled(std::chrono::seconds patience);
  bool wait_until(std::chrono::seconds patience, const std::function<bool()>& holds) const;
  bool ended() const { return ended_; }
  std::optional<base::Error> error();  // that ended it; ends it if it still runs

 private:
  Limits limits_;
  std::unique_ptr<journal::Journal> journal_;
  stores::memory::Source source_;
  tests::FaultyTarget target_;
  tests::FaultyDdlTarget ddl_;
  stores::memory::WatchedTarget watched_;
  std::unique_ptr<engine::Migration> migration_;
  std::atomic<bool> ended_{false};
  std::optional<base::Error> error_;
  std::jthread thread_;
};

std::filesystem::path fresh_folder(const std::string& name);

}  // namespace wherry::engine
