#include "app/open_migration.h"

#include <string>

#include "app/row_migration.h"
#include "app/stores.h"
#include "app/tree_migration.h"
#include "base/error.h"
#include "engine/history.h"

namespace wherry::app {

namespace {

bool moves_rows(const config::Migration& config) {
  return store_of(config.source).row_source != nullptr &&
         store_of(config.target).row_target != nullptr;
}

bool moves_objects(const config::Migration& config) {
  return store_of(config.source).object_store != nullptr &&
         store_of(config.target).object_store != nullptr;
}

[[noreturn]] void refuse_pair(const config::Migration& config) {
  throw base::Error(base::ErrorKind::not_supported, "stores.pair",
                    "nothing can be moved from " + std::string(store_of(config.source).name) +
                        " to " + std::string(store_of(config.target).name),
                    "`wherry stores` lists what can");
}

}  // namespace

std::unique_ptr<OpenMigration> open_migration(const config::Migration& config) {
  if (!moves_rows(config) && !moves_objects(config)) refuse_pair(config);
  std::filesystem::create_directories(config.journal);
  std::filesystem::permissions(config.journal, std::filesystem::perms::owner_all);
  return moves_rows(config) ? open_row_migration(config) : open_tree_migration(config);
}

bool follows_changes(const config::Migration& config) { return moves_rows(config); }

std::filesystem::path journal_file(const config::Migration& config) {
  return config.journal / "journal.sqlite";
}

std::filesystem::path way_back_file(const config::Migration& config) {
  return config.journal / "way_back.sqlite";
}

std::filesystem::path followed_journal_file(const config::Migration& config,
                                            journal::Journal& journal) {
  const bool forth = engine::active_side(engine::state_of(journal)) == engine::Side::source;
  return forth ? journal_file(config) : way_back_file(config);
}

std::vector<model::Finding> assess(const config::Migration& config) {
  if (moves_objects(config)) return assess_tree(config);
  if (!moves_rows(config)) refuse_pair(config);
  return assess_rows(config);
}

}  // namespace wherry::app
