#pragma once
// How far away a server is: settings that suit one in the same house leave a long link empty.

#include "stores/mysql/assessed_server.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

enum class AssessedSide { source, target };

// Adds a note if the shortest of some round trips is long.
void note_distance(Connection& connection, AssessedServer& server, AssessedSide side);

}  // namespace wherry::stores::mysql
