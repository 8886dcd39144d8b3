#pragma once
// A migration made from its configuration, whatever it moves.

#include <filesystem>
#include <memory>

#include "config/migration.h"
#include "engine/any_migration.h"
#include "journal/journal.h"

namespace wherry::app {

class OpenMigration {
 public:
  OpenMigration() = default;
  OpenMigration(const OpenMigration&) = delete;
  OpenMigration& operator=(const OpenMigration&) = delete;
  virtual ~OpenMigration() = default;

  virtual engine::AnyMigration& migration() = 0;
  // Takes over the limits that may change while it runs.
  virtual void use_limits(const config::Limits& limits) = 0;
};

// Opens the journal (exclusively; its folder is made if it is missing) and names both sides;
// connects when used. Throws Error(rejected) "journal.held" while another process has it open.
std::unique_ptr<OpenMigration> open_migration(const config::Migration& config);

// False: it ends by itself, as engine::AnyMigration::follows() says.
bool follows_changes(const config::Migration& config);

// Where a migration's journal is.
std::filesystem::path journal_file(const config::Migration& config);
// … and that of its way back.
std::filesystem::path way_back_file(const config::Migration& config);
// Whichever of the two is of the direction that is followed, as the first one, open, tells.
std::filesystem::path followed_journal_file(const config::Migration& config,
                                            journal::Journal& journal);

// Checks both sides without a journal, so also while another process runs the migration.
std::vector<model::Finding> assess(const config::Migration& config);

}  // namespace wherry::app
