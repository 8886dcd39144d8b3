#pragma once
// What must be known about a target before anything moves (DESIGN §5 Assess). Changes nothing.
// Errors: those of the connection.

#include <vector>

#include "contract/row_writer.h"
#include "model/finding.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

std::vector<model::Finding> assess_target(Connection& connection,
                                          const std::vector<contract::TablePair>& tables);

}  // namespace wherry::stores::mysql
