#pragma once
// Looks at both sides before anything moves. Changes nothing.

#include <vector>

#include "contract/row_store.h"
#include "model/finding.h"

namespace wherry::engine {

// Most severe first.
std::vector<model::Finding> assess(contract::RowSource& source, contract::RowTarget& target,
                                   const contract::TableFilter& filter,
                                   const contract::TableRoute& route);

}  // namespace wherry::engine
