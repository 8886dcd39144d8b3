#pragma once
// Makes tables, ledger, gate and journal say what the target says, so that a run goes on from
// there: after a start, and after either server was met anew. Nothing else may use these parts
// meanwhile. Errors: those of throw_progress_missing(), of the stores and of the journal.

#include <stop_token>

#include "engine/parts.h"
#include "engine/watch_target.h"

namespace wherry::engine {

// The table as the target has it; as it is known if it is not there.
contract::TablePair pair_on_target(Parts& parts, const journal::TableRecord& record);

// The target's progress, as it was restored. Requires: parts.fence holds the lease.
contract::TargetProgress restore(Parts& parts, WatchTarget& watch, const std::stop_token& stop);

}  // namespace wherry::engine
