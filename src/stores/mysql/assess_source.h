#pragma once
// What must be known about a source before anything moves (DESIGN §5 Assess). Reads only.
// Errors: those of the connection; a check that is itself forbidden becomes a finding.

#include <vector>

#include "contract/row_store.h"
#include "model/finding.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

std::vector<model::Finding> assess_source(Connection& connection,
                                          const contract::TableFilter& filter);

}  // namespace wherry::stores::mysql
