#pragma once
// One migration of a tree of objects between stores that keep no change log: assess → survey → copy
// → finish → prove, then it ends. Run again, it looks at everything again and copies what changed.
// Whatever instant it is killed at, the next run goes on from the chunks that are done. Threads and
// errors as AnyMigration says; verify() and repair() do their work themselves when nothing runs.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/any_migration.h"
#include "engine/object_parts.h"
#include "engine/states.h"

namespace wherry::engine {

class TreeMigration final : public AnyMigration {
 public:
  // All is borrowed.
  TreeMigration(contract::ObjectStore& source, contract::ObjectStore& target,
                journal::Journal& journal, const Limits& limits, TreeOptions options);

  std::vector<model::Finding> assess() override;
  void run(const std::stop_token& stop) override;
  bool follows() const override { return false; }
  void pause() override;
  void resume() override;
  void verify() override;
  std::vector<Repaired> repair(bool dry_run, const std::stop_token& stop) override;
  Status status() const override;
  bool is_settled(bool proof) override;

 private:
  enum class Mend { no, yes };
  void begin();
  void move(const std::stop_token& stop);
  void prove(Mend mend, const std::stop_token& stop);
  void prove_chunk(class ObjectProver& prover, const model::Chunk& chunk, Mend mend,
                   const std::stop_token& stop);
  void tell_differences(const struct ChunkVerdict& verdict);
  std::vector<model::Chunk> unproved() const;
  void require_begun() const;
  void wait_while_paused(const std::stop_token& stop);

  TreeOptions options_;
  ObjectParts parts_;
  StatusMeter meter_;
  std::atomic<bool> copied_ = false;  // by this run
  std::atomic<bool> ended_ = false;
  std::atomic<bool> prove_again_ = false;
  std::atomic<std::uint64_t> mended_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool paused_ = false;
  bool running_ = false;
  bool target_held_ = false;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

// Findings of both sides, most severe first; changes nothing.
std::vector<model::Finding> assess_tree(const contract::ObjectStore& source,
                                        const contract::ObjectStore& target);

}  // namespace wherry::engine
