#pragma once
// What the account on a target lacks to make views and routines there, with the statements that
// mend it. Changes nothing. Errors: those of the connection.

#include <vector>

#include "contract/row_store.h"
#include "model/finding.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/object_definitions.h"

namespace wherry::stores::mysql {

// Nothing where the source has no view or routine among `definitions`.
std::vector<model::Finding> missing_object_privileges(
    Connection& target, const std::vector<ObjectDefinition>& definitions,
    const contract::TableRoute& route, const DefinerMap& definers);

}  // namespace wherry::stores::mysql
