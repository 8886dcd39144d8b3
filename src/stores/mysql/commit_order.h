#pragma once
// Where a view of a MySQL without GTIDs stands in the log of a server that we may write to. With
// binlog_order_commits transactions become visible in the order of the log; so once a commit of our
// own is done, everything that was in the log before it is visible. An XA transaction of a client
// keeps to no order.
//
// Errors: those of the connection; Error(transient, "mysql.no_safe_position") where the order is
// not kept.

#include <optional>
#include <string>

#include "model/position.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Why a place cannot be had so, and what would mend it; nothing if it can. Nothing too if the
// server needs no such place, as its log tells by itself where a view stands.
struct NoOrder {
  std::string why;
  std::string what_to_do;
};
std::optional<NoOrder> why_not_in_order(Connection& connection);

// A place that views opened from now on are past; nothing without a log. Writes a row of `_wherry`.
// Requires: prepare_progress(); no transaction is open.
std::optional<model::Position> log_end_before_own_commit(Connection& connection);

}  // namespace wherry::stores::mysql
