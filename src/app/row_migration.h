#pragma once
// Everything that a running row migration consists of, made from its configuration.

#include <memory>
#include <vector>

#include "app/open_migration.h"
#include "config/migration.h"

namespace wherry::app {

// Requires: both stores hold rows.
std::unique_ptr<OpenMigration> open_row_migration(const config::Migration& config);
std::vector<model::Finding> assess_rows(const config::Migration& config);

}  // namespace wherry::app
