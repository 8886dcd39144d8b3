#pragma once
// What must be known before anything moves and only source and target together tell. Reads only.
// Errors: those of the connections.

#include <vector>

#include "contract/row_store.h"
#include "model/finding.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

std::vector<model::Finding> assess_pair(Connection& source, Connection& target,
                                        const contract::TableFilter& filter,
                                        const contract::TableRoute& route);

}  // namespace wherry::stores::mysql
