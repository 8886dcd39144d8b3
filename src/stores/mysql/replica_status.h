#pragma once
// What a replica says of how it follows its primary. Uses the connection it is given. Errors: those
// of the connection, mysql.privilege among them.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/position.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// By what a replica knows the server it replicates from.
struct PrimaryMark {
  std::string uuid;  // of a MySQL; empty for MariaDB, which has none
  std::uint64_t server_id = 0;
};
PrimaryMark primary_mark(Connection& primary);

struct ReplicaStatus {
  std::string primary_uuid;  // empty: the replica does not tell, or has not connected yet
  std::uint64_t primary_server_id = 0;  // 0: it has not connected yet
  // In the primary's log: a boundary between transactions. With one applying thread, those before
  // it are committed, but the last of them may not be visible yet. Nothing: not known yet.
  std::optional<model::Position> applied;
  bool receiving = false;
  bool applying = false;
  bool idle = false;  // the applying thread waits for more, or for a delay to end
  std::string error;  // why it stands still; empty if it does not, or does not say
  std::optional<std::uint64_t> seconds_behind;
  std::vector<std::string> filters;  // "Replicate_Do_DB=shop": those that may hide rows
};

// A row of what SHOW SLAVE STATUS answers, by its old column names or by those since MySQL 8.0.22.
ReplicaStatus replica_status(const Result& answer, std::size_t row);
// Of every primary that this server replicates from; none if it is no replica.
std::vector<ReplicaStatus> replica_statuses(Connection& replica);

// Whether a later look tells that everything before `place`, which an earlier one gave, is visible:
// the replica has gone on behind it, or has nothing to do.
bool settled(const model::Position& place, const ReplicaStatus& later);

// MariaDB, whose threads commit in the log's order but for GTID domains among each other: whether
// there are several of both, so that `applied` says nothing about all that comes before it.
bool overtakes(Connection& replica);

// Whether the status is of replicating from that primary; nothing if it cannot be told yet.
std::optional<bool> follows(const ReplicaStatus& status, const PrimaryMark& primary);

}  // namespace wherry::stores::mysql
