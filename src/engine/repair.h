#pragma once
// Mends the keys that were found different: their rows are read from the source and written to the
// target at one place of the log.

#include <stop_token>
#include <string>
#include <vector>

#include "engine/parts.h"
#include "engine/prove_rows.h"

namespace wherry::engine {

struct RepairedTable {
  model::CollectionName target;
  std::uint64_t keys = 0;
  std::vector<std::string> statements;  // what was or would be run
};

// With `dry_run` nothing is written. Requires: following runs.
std::vector<RepairedTable> repair(Parts& parts, const DifferentKeys& keys, bool dry_run,
                                  const std::stop_token& stop);

}  // namespace wherry::engine
