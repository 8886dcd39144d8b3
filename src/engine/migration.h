#pragma once
// One row migration from start to stop: assess → plan → copy ∥ follow → prove, and on and on until
// stopped. run() is called once, by one thread; everything else may be called from others while it
// runs. Whatever instant it is killed at, another Migration over the same journal and target goes
// on from there.

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/any_migration.h"
#include "engine/chunk_plan.h"
#include "engine/parts.h"
#include "engine/prove_rows.h"
#include "engine/rehearsal.h"
#include "engine/states.h"
#include "engine/watch_target.h"

namespace wherry::engine {

struct MigrationOptions {
  std::string name;
  contract::TableFilter filter;
  contract::TableRoute route;
  DdlPolicy ddl_policy;
  contract::SchemaObjects* objects = nullptr;  // null: the target has nothing but tables
  contract::WatchedTarget* watched = nullptr;  // null: the target's log tells nothing
  // Beside `watched`, what a rehearsal needs.
  contract::RehearsalTarget* rehearsals = nullptr;
  contract::KeptLog* source_log = nullptr;
  contract::KeptLog* target_log = nullptr;
  // Called by run() when one begins, and when it ends or is taken up again: the target's guards.
  std::function<void(const std::stop_token&)> open_target = [](const std::stop_token&) {};
  std::function<void(const std::stop_token&)> close_target = [](const std::stop_token&) {};
};

class Migration final : public AnyMigration {
 public:
  Migration(contract::RowSource& source, contract::RowTarget& target, contract::DdlTarget* ddl,
            journal::Journal& journal, const Limits& limits, MigrationOptions options);

  std::vector<model::Finding> assess() override;
  void run(const std::stop_token& stop) override;
  void pause() override;
  void resume() override;
  void verify() override;
  std::vector<Repaired> repair(bool dry_run, const std::stop_token& stop) override;
  Status status() const override;
  bool is_settled(bool proof) override;
  std::vector<SwitchCheck> check_rehearsal(std::chrono::seconds lasting) override;
  void begin_rehearsal(std::chrono::seconds lasting) override;
  void end_rehearsal(bool resync) override;
  RehearsalView rehearsal() override;

 private:
  void meet_servers();
  void heed(const std::stop_token& stop);
  void begin(const std::stop_token& stop);
  void refuse_what_is_in_the_way();
  void take_over();
  void take_up(const std::stop_token& stop);
  contract::TargetProgress restore(const std::stop_token& stop);
  void run_phases(const std::stop_token& stop);
  void move_rows(const std::stop_token& stop);
  void keep_lease(const std::stop_token& stop);
  void release_lease();
  bool looks_settled(bool proof);
  bool target_has_all();
  void watch_source(const std::stop_token& stop);
  void wait_while_paused(const std::stop_token& stop);
  // Until `over`, which is asked with mutex_ held.
  void wait_with_lease(const std::stop_token& stop, const std::function<bool()>& over);
  void take_target(const std::stop_token& stop);
  void keep_lease_beside(const std::stop_token& done);
  void begin_rehearsal_if_asked(const std::stop_token& stop);
  void refuse_rehearsal();
  void rehearse(const std::stop_token& stop);

  MigrationOptions options_;
  Parts parts_;
  std::optional<ChunkPlan> plan_;
  ProveRows prove_{parts_};
  WatchTarget watch_{parts_, options_.watched};
  Rehearsal rehearsal_{
      parts_,
      watch_,
      {options_.watched, options_.rehearsals, options_.source_log, options_.target_log}};
  StatusMeter meter_;

  // Held while tables, ledger and gate are made to say what the target says.
  std::mutex restore_mutex_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool paused_ = false;
  bool phases_run_ = false;
  bool rehearsal_asked_ = false;  // for one to begin; false again when that is done or has failed
  std::exception_ptr rehearsal_failure_;
  std::stop_source phases_stop_;
  std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

}  // namespace wherry::engine
