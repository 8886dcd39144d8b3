#pragma once
// Mends the keys that were found different: their rows are read from the source and written to the
// target at one place of the log.

#include <stop_token>
#include <vector>

#include "engine/any_migration.h"
#include "engine/parts.h"
#include "engine/prove_rows.h"

namespace wherry::engine {

// With `dry_run` nothing is written. Requires: following runs. `fence`: of the time when that was
// so; once both sides are met anew, nothing is written with it.
std::vector<Repaired> repair(Parts& parts, const contract::Fence& fence, const DifferentKeys& keys,
                             bool dry_run, const std::stop_token& stop);

}  // namespace wherry::engine
