#pragma once
// Everything that a running row migration consists of, made from its configuration.

#include <memory>

#include "app/stores.h"
#include "config/migration.h"
#include "engine/migration.h"
#include "journal/journal.h"

namespace wherry::app {

// Members are destroyed in reverse order: the migration goes before what it uses.
struct RowMigration {
  std::unique_ptr<journal::Journal> journal;
  std::unique_ptr<contract::RowSource> source;
  RowTargetParts target;
  engine::Limits limits;
  std::unique_ptr<engine::Migration> migration;
};

// Opens the journal (exclusively) and names the servers; connects when used. Throws
// Error(rejected).
std::unique_ptr<RowMigration> open_row_migration(const config::Migration& config);

// Takes over what may change while it runs.
void apply_limits(const config::Limits& from, engine::Limits& to);

}  // namespace wherry::app
