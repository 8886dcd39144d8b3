// Makes one server a replica of another, by the servers' own replication.
//
// Thread-safety: any thread. Errors: SqlError; std::runtime_error when it does not catch up in
// time.
#pragma once

#include "tests/support/server.h"

namespace wherry::tests {

enum class Coordinates { file, gtid };

// Replicates all that the primary's log holds. Requires: the replica holds nothing of it yet.
void start_replica(const Server& replica, const Server& primary, Coordinates by);
// Waits until it has applied all that the primary's log holds now.
void wait_for_replica(const Server& replica, const Server& primary);

}  // namespace wherry::tests
