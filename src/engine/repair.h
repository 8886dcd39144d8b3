#pragma once
// Mends the keys that were found different: their rows are read from the source and written to the
// target at one place of the log.

#include <cstddef>
#include <stop_token>
#include <vector>

#include "engine/any_migration.h"
#include "engine/parts.h"
#include "engine/prove_rows.h"

namespace wherry::engine {

inline constexpr std::size_t keys_rewritten_at_once = 500;

// The rows of these keys become what they are on the source, in one transaction of the target; the
// keys are dirty after it. Requires: following runs; no more keys than that. Throws
// Error(data_mismatch) if the source's table is not as `pair` says.
void rewrite_keys(Parts& parts, const contract::Fence& fence, const contract::TablePair& pair,
                  const std::vector<model::Key>& keys, const std::stop_token& stop);

// With `dry_run` nothing is written. Requires: following runs. `fence`: of the time when that was
// so; once both sides are met anew, nothing is written with it.
std::vector<Repaired> repair(Parts& parts, const contract::Fence& fence, const DifferentKeys& keys,
                             bool dry_run, const std::stop_token& stop);

}  // namespace wherry::engine
