#pragma once
// Looks at both sides before anything moves. Changes nothing.

#include <vector>

#include "contract/row_store.h"
#include "contract/schema_objects.h"
#include "model/finding.h"

namespace wherry::engine {

// Most severe first. `objects` may be null.
std::vector<model::Finding> assess(contract::RowSource& source, contract::RowTarget& target,
                                   contract::SchemaObjects* objects,
                                   const contract::TableFilter& filter,
                                   const contract::TableRoute& route);

// Throws Error(rejected, "assess.blocked"), which names the first, if one of them is a blocker.
void refuse_blockers(const std::vector<model::Finding>& findings);

}  // namespace wherry::engine
