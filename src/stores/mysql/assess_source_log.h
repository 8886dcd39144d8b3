#pragma once
// Whether a source's binary log can be followed, completely and for as long as the copy takes.
// Errors: those of the connection; a check that is itself forbidden becomes a finding.

#include <vector>

#include "model/schema.h"
#include "stores/mysql/assessed_server.h"

namespace wherry::stores::mysql {

void assess_source_log(Connection& connection, AssessedServer& server,
                       const std::vector<model::TableSchema>& tables);

}  // namespace wherry::stores::mysql
