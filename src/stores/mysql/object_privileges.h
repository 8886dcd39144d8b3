#pragma once
// What the account on a target lacks to make views, routines, triggers and events there, with the
// statements that mend it. Changes nothing. Errors: those of the connection.

#include <vector>

#include "contract/row_store.h"
#include "model/finding.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/object_definitions.h"

namespace wherry::stores::mysql {

// For all of `definitions`.
std::vector<model::Finding> missing_privileges(Connection& target,
                                               const std::vector<ObjectDefinition>& definitions,
                                               const contract::TableRoute& route,
                                               const DefinerMap& definers);
// For the views and routines among them: what is made before a switch.
std::vector<model::Finding> missing_object_privileges(
    Connection& target, const std::vector<ObjectDefinition>& definitions,
    const contract::TableRoute& route, const DefinerMap& definers);

}  // namespace wherry::stores::mysql
