#pragma once
// What is configured for a switch and belongs to no store: guards, and what it waits for.

#include <memory>
#include <vector>

#include "app/stores.h"
#include "config/migration.h"
#include "contract/awaited.h"
#include "engine/states.h"
#include "journal/journal.h"

namespace wherry::app {

// In the order in which they are raised. The journal is that which has the state; it outlives what
// is made.
Guards storeless_guards(const config::Migration& config, engine::Side side,
                        journal::Journal& journal);
std::vector<std::unique_ptr<contract::Awaited>> awaited_commands(const config::Migration& config,
                                                                 journal::Journal& journal);

}  // namespace wherry::app
