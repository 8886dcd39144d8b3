#pragma once
// Where the stream of a new migration begins. A source's log can hold the changes of a transaction
// that is prepared and ends later: a stream that began between the two would miss them. So what was
// prepared before is waited for, and reading begins where that waiting began.

#include <chrono>
#include <stop_token>

#include "contract/row_store.h"
#include "journal/journal.h"
#include "model/position.h"

namespace wherry::engine {

// The log's end at a time when everything prepared before its `since` is over. While it waits, the
// journal tells for what. Throws Error(rejected, "plan.prepared_transactions") if that takes longer
// than `patience`, Error(cancelled) on stop.
model::Position stream_start(contract::RowSource& source, journal::Journal& journal,
                             std::chrono::milliseconds patience, const std::stop_token& stop);

}  // namespace wherry::engine
