#pragma once
// Where the log of a server ends when nobody writes any more. Uses the connection it is given, and
// leaves no lock. Errors: those of the connection; rejected "seal.not_quiet" with who is in the
// way, "seal.privilege_missing" with the GRANT that helps.

#include <chrono>
#include <optional>
#include <stop_token>

#include "model/position.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Waits, for `patience` at most, until no transaction is open that has written or locked rows, none
// is prepared, no replication comes in, and every write was stopped for one instant. Nothing: the
// server writes no log. Requires: the connection has a lock_wait_timeout of about a second, for
// everybody waits behind it meanwhile.
std::optional<model::Position> quiet_log_end(Connection& connection,
                                             std::chrono::milliseconds patience,
                                             const std::stop_token& stop);

}  // namespace wherry::stores::mysql
