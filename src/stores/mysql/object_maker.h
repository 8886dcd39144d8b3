#pragma once
// Makes views, routines and sequences on a target: at planning, and as the log tells of them. An
// object that cannot be made is a finding. Uses the connections it is given, and leaves their
// sessions changed. As contract::SchemaObjects.

#include <vector>

#include "contract/schema_objects.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/object_definitions.h"

namespace wherry::stores::mysql {

std::vector<model::Finding> make_objects(Connection& target, const contract::Fence& fence,
                                         const std::vector<ObjectDefinition>& definitions,
                                         const contract::TableRoute& route,
                                         const DefinerMap& definers);

contract::ObjectOutcome apply_object_change(Connection& target, const contract::Fence& fence,
                                            const model::DdlEvent& event,
                                            const contract::TableFilter& filter,
                                            const contract::TableRoute& route,
                                            const DefinerMap& definers,
                                            const contract::WindowMark& mark);

// What make_objects() would find, as far as it can be told without making anything.
std::vector<model::Finding> assess_objects(Connection& target,
                                           const std::vector<ObjectDefinition>& definitions,
                                           const contract::TableRoute& route,
                                           const DefinerMap& definers);

}  // namespace wherry::stores::mysql
