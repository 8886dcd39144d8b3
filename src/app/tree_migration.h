#pragma once
// Everything that a migration of a tree of objects consists of, made from its configuration.

#include <memory>
#include <vector>

#include "app/open_migration.h"
#include "config/migration.h"

namespace wherry::app {

// Requires: both stores hold objects.
std::unique_ptr<OpenMigration> open_tree_migration(const config::Migration& config);
std::vector<model::Finding> assess_tree(const config::Migration& config);

}  // namespace wherry::app
