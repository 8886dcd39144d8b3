#pragma once
// Reads what `_wherry` says about a migration's progress, and starts its stream. Errors:
// Error(internal, "target.progress_damaged") if it cannot be understood.

#include <string>

#include "contract/row_writer.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// All of one instant.
contract::TargetProgress load_progress(Connection& connection, const std::string& migration);

// As contract::RowTarget::start_stream().
void start_stream(Connection& connection, const contract::Fence& fence,
                  const model::Position& from);

}  // namespace wherry::stores::mysql
