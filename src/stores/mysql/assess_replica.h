#pragma once
// What must be known about a replica that is read in the source's place while copying. Reads only.
// A server that cannot be reached, and what the account may not ask, are findings too.

#include <vector>

#include "model/finding.h"
#include "model/schema.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/replica_status.h"

namespace wherry::stores::mysql {

// `tables` as the source has them.
std::vector<model::Finding> assess_replica(const Endpoint& replica, const PrimaryMark& primary,
                                           const std::vector<model::TableSchema>& tables);

}  // namespace wherry::stores::mysql
