#include "app/row_migration.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "journal/sqlite.h"

namespace wherry::app {

namespace {

engine::DdlAction action_for(const config::DdlPolicy& policy, const std::string& what) {
  constexpr std::array<std::pair<std::string_view, config::DdlKind>, 10> kinds{{
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

}  // namespace

void apply_limits(const config::Limits& from, engine::Limits& to) {
  constexpr std::uint64_t least = 64U << 10U;
  to.rows_per_second = from.rows_per_second.value_or(0);
  to.bytes_per_second = from.bytes_per_second.value_or(base::Bytes{0}).count;
  to.threads_running = from.back_off.threads_running.value_or(0);
  to.threads = from.threads;
  // Half of the memory for changes read and not yet applied; a copying thread holds up to two
  // chunks' worth of rows twice (as read and as sent).
  to.queue_bytes = std::max(least, from.memory.count / 4);
  to.window_bytes = std::clamp<std::uint64_t>(from.memory.count / 32, least, 4U << 20U);
  to.chunk_bytes = std::clamp<std::uint64_t>(from.memory.count / 8 / std::max(1U, from.threads),
                                             least, 8U << 20U);
}

std::unique_ptr<RowMigration> open_row_migration(const config::Migration& config) {
  const StoreKind& from = store_of(config.source);
  const StoreKind& to = store_of(config.target);
  if (from.row_source == nullptr || to.row_target == nullptr) {
    throw base::Error(
        base::ErrorKind::not_supported, "stores.pair",
        "rows cannot be moved from " + std::string(from.name) + " to " + std::string(to.name),
        "`wherry stores` lists what can");
  }
  std::filesystem::create_directories(config.journal);
  std::filesystem::permissions(config.journal, std::filesystem::perms::owner_all);
  auto parts = std::make_unique<RowMigration>();
  parts->journal = journal::open_sqlite(config.journal / "journal.sqlite");
  parts->source = from.row_source(config);
  parts->target = to.row_target(config);
  apply_limits(config.limits, parts->limits);
  engine::MigrationOptions options;
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
  parts->migration = std::make_unique<engine::Migration>(*parts->source, *parts->target.target,
                                                         parts->target.ddl.get(), *parts->journal,
                                                         parts->limits, std::move(options));
  return parts;
}

}  // namespace wherry::app
