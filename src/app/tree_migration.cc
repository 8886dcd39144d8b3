#include "app/tree_migration.h"

#include <optional>
#include <variant>

#include <sys/resource.h>

#include "app/stores.h"
#include "engine/object_migration.h"
#include "journal/sqlite.h"

namespace wherry::app {

namespace {

void apply_limits(const config::Limits& from, engine::Limits& to) {
  to.rows_per_second = from.rows_per_second.value_or(0);
  to.bytes_per_second = from.bytes_per_second.value_or(base::Bytes{0}).count;
  to.threads = from.threads;
}

// A walk holds every directory from the root to where it is open.
void allow_deep_trees() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
}

engine::TreeOptions options_of(const config::Migration& config) {
  engine::TreeOptions options;
  options.name = config.name;
  options.source = config::address(config.source);
  options.target = config::address(config.target);
  if (const auto* files = std::get_if<config::FileStore>(&config.target)) {
    options.propagate_deletes = files->deletes == config::Deletes::propagate;
    options.max_deletes = files->max_deletes;
  }
  return options;
}

class TreeMigration final : public OpenMigration {
 public:
  explicit TreeMigration(const config::Migration& config)
      : journal_(journal::open_sqlite(journal_file(config))),
        source_(store_of(config.source).object_store(config.source)),
        target_(store_of(config.target).object_store(config.target)) {
    allow_deep_trees();
    apply_limits(config.limits, limits_);
    migration_.emplace(*source_, *target_, *journal_, limits_, options_of(config));
  }

  engine::AnyMigration& migration() override { return *migration_; }
  void use_limits(const config::Limits& limits) override { apply_limits(limits, limits_); }

 private:
  // Destroyed in reverse order: the migration goes before what it uses.
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<contract::ObjectStore> source_;
  std::unique_ptr<contract::ObjectStore> target_;
  engine::Limits limits_;
  std::optional<engine::TreeMigration> migration_;
};

}  // namespace

std::unique_ptr<OpenMigration> open_tree_migration(const config::Migration& config) {
  return std::make_unique<TreeMigration>(config);
}

std::vector<model::Finding> assess_tree(const config::Migration& config) {
  const auto source = store_of(config.source).object_store(config.source);
  const auto target = store_of(config.target).object_store(config.target);
  return engine::assess_tree(*source, *target);
}

}  // namespace wherry::app
