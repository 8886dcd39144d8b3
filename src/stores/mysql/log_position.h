#pragma once
// Where a server's binary log stands. Uses the connection it is given.

#include <optional>
#include <string_view>

#include "model/position.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// "SHOW MASTER STATUS", by the name that this server has for it.
std::string_view log_status_statement(const ServerVersion& server);

// Of that statement's answer; nothing if the server writes no log.
std::optional<model::Position> log_end(const Result& status);

// The log's end now; nothing if the server writes no log. Commits that show in the log before it
// may not be visible yet.
std::optional<model::Position> log_end(Connection& connection);
// The same, on MySQL with what had been executed just before, which is in the log up to there;
// there may be more in it.
std::optional<model::Position> log_end_and_executed(Connection& connection);

// Nothing unless gtid_mode is ON, which it may cease to be at any time. Then, on MySQL: returns the
// log's end as it was, once every transaction before it is visible to a view opened afterwards. A
// transaction owns its GTID from before it is written to the log until its commit is visible, so
// those that own one after the end was read are waited for. That is so in 5.6 as in 5.7. What may
// not be used in its place is gtid_executed, which in 5.6 holds a GTID as soon as it is in the log.
// Throws Error(transient) if one of them takes too long.
std::optional<model::Position> visible_log_end(Connection& connection);

}  // namespace wherry::stores::mysql
