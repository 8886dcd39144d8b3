#include "app/row_migration.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <utility>

#include "app/storeless_guards.h"
#include "app/stores.h"
#include "base/error.h"
#include "engine/assess.h"
#include "engine/two_way_migration.h"
#include "engine/undo_script.h"
#include "journal/sqlite.h"

namespace wherry::app {

namespace {

engine::DdlAction action_for(const config::DdlPolicy& policy, const std::string& what) {
  constexpr std::array<std::pair<std::string_view, config::DdlKind>, 13> kinds{{
      {"create table", config::DdlKind::create_table},
      {"alter table", config::DdlKind::alter_table},
      {"create index", config::DdlKind::alter_table},
      {"drop index", config::DdlKind::alter_table},
      {"drop table", config::DdlKind::drop_table},
      {"rename table", config::DdlKind::rename_table},
      {"truncate table", config::DdlKind::truncate_table},
      {"create database", config::DdlKind::create_database},
      {"alter database", config::DdlKind::alter_database},
      {"drop database", config::DdlKind::drop_database},
      {"view", config::DdlKind::view},
      {"routine", config::DdlKind::routine},
      {"sequence", config::DdlKind::sequence},
  }};
  const auto known = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const auto& kind) { return kind.first == what; });
  if (known == kinds.end()) return engine::DdlAction::stop;
  switch (policy.action(known->second)) {
    case config::DdlAction::apply:
      return engine::DdlAction::apply;
    case config::DdlAction::ignore:
      return engine::DdlAction::ignore;
    case config::DdlAction::stop:
      break;
  }
  return engine::DdlAction::stop;
}

std::uint64_t seconds(const std::optional<std::chrono::milliseconds>& time) {
  if (!time) return 0;
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(*time).count());
}

void apply_verify(const config::Verify& from, engine::Limits& to) {
  to.max_proof_age_seconds = seconds(from.max_proof_age);
  to.digests_in_stores = from.in_servers;
  to.recheck_times = from.recheck_times;
  to.recheck_wait_ms = static_cast<std::uint64_t>(from.recheck_wait.count());
}

void apply_limits(const config::Limits& from, engine::Limits& to) {
  constexpr std::uint64_t least = 64U << 10U;
  to.rows_per_second = from.rows_per_second.value_or(0);
  to.bytes_per_second = from.bytes_per_second.value_or(base::Bytes{0}).count;
  to.threads_running = from.back_off.threads_running.value_or(0);
  to.replica_lag_seconds = seconds(from.back_off.replica_lag);
  to.yields = from.yields;
  to.threads = from.threads;
  // An eighth for changes read and not yet applied, one for dirty keys; a copying thread holds up
  // to two chunks' worth of rows twice (as read and as sent), all threads together a half.
  to.queue_bytes = std::max(least, from.memory.count / 8);
  to.dirty_bytes = std::max(least, from.memory.count / 8);
  to.window_bytes = std::clamp<std::uint64_t>(from.memory.count / 32, least, 16U << 20U);
  to.chunk_bytes = std::clamp<std::uint64_t>(from.memory.count / 8 / std::max(1U, from.threads),
                                             least, 8U << 20U);
}

engine::TwoWayOptions options_of(const config::Migration& config) {
  engine::TwoWayOptions options;
  options.name = config.name;
  options.filter = [tables = config.tables](const model::CollectionName& name) {
    return tables.selects(name);
  };
  options.route = [routes = config.routes](const model::CollectionName& name) {
    return routes.target(name);
  };
  options.ddl_policy = [policy = config.ddl](const std::string& what) {
    return action_for(policy, what);
  };
  return options;
}

// A server as both ends of a migration. `from`: where it is the source; `to`: the target.
class Server {
 public:
  Server(const config::Migration& from, const config::Migration& to)
      : source_(store_of(from.source).row_source(from)),
        target_(store_of(to.target).row_target(to)) {}

  // Those of no store go up first and come down last: applications are stopped before they are shut
  // out, and let in before they are started.
  void guard(const config::Migration& config, engine::Side side, journal::Journal& journal) {
    guards_ = storeless_guards(config, side, journal);
    const auto& store = side == engine::Side::source ? config.source : config.target;
    for (auto& of_store : store_of(store).guards(config, side, *source_.source)) {
      guards_.push_back(std::move(of_store));
    }
  }

  engine::ServerParts parts() {
    engine::ServerParts parts{*source_.source, *target_.target};
    parts.counts = source_.counters;
    parts.lifts = target_.counters;
    parts.rehearsals = target_.rehearsals;
    parts.kept_log = source_.kept_log;
    parts.ddl = target_.ddl;
    parts.objects = target_.objects;
    parts.watched = target_.watched;
    for (const auto& guard : guards_) parts.guards.push_back(guard.get());
    return parts;
  }

 private:
  RowSourceParts source_;
  RowTargetParts target_;
  Guards guards_;
};

// The way back: what is chosen and where it goes is told by the engine.
config::Migration turned_round(config::Migration config) {
  std::swap(config.source, config.target);
  if (auto* server = std::get_if<config::MysqlStore>(&config.target)) server->read_from.reset();
  std::map<std::string, std::string> definers;
  for (auto& [old_one, new_one] : config.definers) definers.emplace(new_one, old_one);
  config.definers = std::move(definers);
  return config;
}

// Next to the journal, for a person who has nothing but the server's own client.
void write_undo_script(const config::Migration& config, engine::Side side,
                       const std::vector<engine::NamedUndo>& undos) {
  const auto& store = side == engine::Side::source ? config.source : config.target;
  const auto file = config.journal / ("undo-" + std::string(engine::to_string(side)) + ".sql");
  std::ofstream out(file, std::ios::trunc);
  out << engine::undo_script(side, config::address(store), undos) << std::flush;
  if (out) return;
  throw base::Error(base::ErrorKind::rejected, "cutover.undo_not_written",
                    "the script that opens the side again cannot be written", file.string());
}

class RowMigration final : public OpenMigration {
 public:
  explicit RowMigration(const config::Migration& config)
      : journal_(journal::open_sqlite(journal_file(config))),
        back_(journal::open_sqlite(way_back_file(config))),
        old_(config, turned_round(config)),
        new_(turned_round(config), config),
        awaited_(awaited_commands(config, *journal_)) {
    apply_limits(config.limits, limits_);
    apply_verify(config.verify, limits_);
    old_.guard(config, engine::Side::source, *journal_);
    new_.guard(config, engine::Side::target, *journal_);
    auto options = options_of(config);
    options.write_undo = [config](engine::Side side, const auto& undos) {
      write_undo_script(config, side, undos);
    };
    for (const auto& awaited : awaited_) options.awaited.push_back(awaited.get());
    migration_.emplace(old_.parts(), new_.parts(), *journal_, *back_, limits_, std::move(options));
  }

  engine::AnyMigration& migration() override { return *migration_; }
  void use_limits(const config::Limits& limits) override { apply_limits(limits, limits_); }

 private:
  // Destroyed in reverse order: the migration goes before what it uses.
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<journal::Journal> back_;
  Server old_;
  Server new_;
  std::vector<std::unique_ptr<contract::Awaited>> awaited_;
  engine::Limits limits_;
  std::optional<engine::TwoWayMigration> migration_;
};

}  // namespace

std::unique_ptr<OpenMigration> open_row_migration(const config::Migration& config) {
  return std::make_unique<RowMigration>(config);
}

std::vector<model::Finding> assess_rows(const config::Migration& config) {
  const auto source = store_of(config.source).row_source(config).source;
  const auto target = store_of(config.target).row_target(config);
  const auto options = options_of(config);
  return engine::assess(*source, *target.target, target.objects, options.filter, options.route);
}

}  // namespace wherry::app
