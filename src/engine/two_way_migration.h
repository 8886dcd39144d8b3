#pragma once
// A migration with its way back: follows from the source to the target until it is switched, and
// from the target to the source then; and back again. As AnyMigration. One direction runs at a
// time, each with a journal of its own; the first journal has the state.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "contract/awaited.h"
#include "contract/guard.h"
#include "contract/rehearsal.h"
#include "contract/sequences.h"
#include "engine/cut_over.h"
#include "engine/guarded_side.h"
#include "engine/migration.h"

namespace wherry::engine {

// A server as both ends of a migration.
struct ServerParts {
  contract::RowSource& source;
  contract::RowTarget& target;
  contract::DdlTarget* ddl = nullptr;  // the others may be null as in MigrationOptions
  contract::SchemaObjects* objects = nullptr;
  contract::WatchedTarget* watched = nullptr;
  contract::CounterSource* counts = nullptr;
  contract::CounterTarget* lifts = nullptr;
  contract::RehearsalTarget* rehearsals = nullptr;
  contract::KeptLog* kept_log = nullptr;
  std::vector<contract::Guard*> guards{};  // in the order in which they are raised
};

struct TwoWayOptions {
  std::string name;
  contract::TableFilter filter;  // by names on the old server
  contract::TableRoute route;
  DdlPolicy ddl_policy;
  // As SwitchHost::write_undo.
  std::function<void(Side, const std::vector<NamedUndo>&)> write_undo;
  std::vector<contract::Awaited*> awaited{};  // in a switch; they outlive the migration
};

class TwoWayMigration final : public AnyMigration {
 public:
  // `back` is the journal of the way back.
  TwoWayMigration(ServerParts old_server, ServerParts new_server, journal::Journal& journal,
                  journal::Journal& back, const Limits& limits, TwoWayOptions options);
  ~TwoWayMigration() override;

  std::vector<model::Finding> assess() override;
  void run(const std::stop_token& stop) override;
  void pause() override;
  void resume() override;
  void verify() override;
  std::vector<Repaired> repair(bool dry_run, const std::stop_token& stop) override;
  Status status() const override;
  bool is_settled(bool proof) override;
  std::vector<SwitchCheck> check_switch(SwitchDirection direction) override;
  void begin_switch(SwitchDirection direction, const SwitchOptions& options) override;
  SwitchView switch_view() const override;
  std::vector<SwitchCheck> check_rehearsal(std::chrono::seconds lasting) override;
  void begin_rehearsal(std::chrono::seconds lasting) override;
  void end_rehearsal(bool resync) override;
  RehearsalView rehearsal() override;
  std::vector<std::string> finish(const FinishOptions& options) override;

 private:
  std::shared_ptr<Migration> current() const;
  std::shared_ptr<Migration> open(Side active);
  contract::TableFilter filter_from(Side active) const;
  contract::TableRoute route_from(Side active) const;
  CutOver cut_over(SwitchDirection direction, const SwitchOptions& options);
  void do_switch(SwitchDirection direction, const SwitchOptions& options,
                 const std::stop_token& stop);
  std::string in_the_way_of_rehearsal() const;
  void close_target(const std::stop_token& stop);
  void settle(const std::stop_token& stop);
  void finish_moves(const std::stop_token& stop);
  template <typename Act>
  auto fenced(const ServerParts& server, const Act& act);
  MovingEnds objects_of(Side active);
  void stand_still();
  void heed(const std::stop_token& stop);
  std::vector<model::Finding> lift(const ServerParts& to, Side active,
                                   const std::vector<model::Counter>& wanted);
  model::Position turn_round(Side active, const model::Position& looked_through);

  ServerParts old_;
  ServerParts new_;
  journal::Journal& journal_;
  journal::Journal& back_;
  const Limits& limits_;
  TwoWayOptions options_;
  GuardedSide old_guards_;
  GuardedSide new_guards_;
  SwitchLog log_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<Migration> current_;  // of the direction that is followed
  std::stop_source round_;              // ends its run()
  bool stands_still_ = true;            // its run() has ended, or has not begun
  bool beginning_rehearsal_ = false;    // no switch begins meanwhile
  std::jthread switching_;
};

}  // namespace wherry::engine
