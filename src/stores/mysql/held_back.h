#pragma once
// Triggers and events of a list: made at a switch, removed again, and dropped where others made
// them. Uses the connection it is given, and leaves its session changed. As
// contract::SchemaObjects.

#include <vector>

#include "contract/schema_objects.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/object_statement.h"

namespace wherry::stores::mysql {

std::vector<model::Finding> assess_held_back(Connection& target,
                                             const std::vector<contract::HeldBack>& list,
                                             const contract::TableRoute& route,
                                             const DefinerMap& definers);

std::vector<model::Finding> make_held_back(Connection& target, const contract::Fence& fence,
                                           const std::vector<contract::HeldBack>& list,
                                           const contract::TableRoute& route,
                                           const DefinerMap& definers);

void remove_held_back(Connection& target, const contract::Fence& fence);

// For the server's own client, which is told where a statement ends that has others inside.
std::vector<std::string> statements_of(const std::vector<contract::HeldBack>& list);

std::vector<model::Finding> drop_listed(Connection& target, const contract::Fence& fence,
                                        const std::vector<contract::HeldBack>& list);

}  // namespace wherry::stores::mysql
