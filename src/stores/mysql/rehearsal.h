#pragma once
// How a target is made before a rehearsal, and making it so again: contract::RehearsalTarget. All
// that is in the schemas of the moved tables counts; tables are compared by fingerprint, everything
// else by its server's words. Uses the connection it is given, and leaves its session changed.
// Errors: those of the connection and of the fence; Error(rejected, "rehearsal.not_made") for a
// table that cannot be made as it was.

#include <stop_token>
#include <string>
#include <vector>

#include "contract/rehearsal.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

std::string look_at_definitions(Connection& connection,
                                const std::vector<contract::TablePair>& tables);

contract::MadeAsBefore make_as_before(Connection& connection, const contract::Fence& fence,
                                      const std::string& looked,
                                      const std::vector<contract::TablePair>& tables,
                                      const std::vector<contract::TablePair>& again);

// AUTO_INCREMENT alone: a sequence that was used stays where it is.
void count_as_before(Connection& connection, const contract::Fence& fence,
                     const std::string& looked);

// For how long the server's log is kept.
contract::KeptLog::Keeping log_kept(Connection& connection);

}  // namespace wherry::stores::mysql
