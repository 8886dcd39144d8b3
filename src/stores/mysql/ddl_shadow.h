#pragma once
// What a change of definition means: learnt by applying it to an empty copy of its table, in a
// schema of our own, in the session that the real statement gets. Uses the connection it is given,
// and leaves no copy behind (a crash may; the next one removes it).

#include <optional>
#include <string>

#include "contract/row_store.h"
#include "model/change.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// The session that a change of definition runs in: the event's sql_mode, character set and time.
// Throws Error(not_supported, "ddl.sql_mode") if the target does not know the mode.
void enter_session_of(Connection& connection, const model::DdlEvent& event);

// The fingerprint that the statement's one table has after it. Requires: the statement creates or
// changes one table. Throws Error(not_supported, "ddl.…") by name if the result could not be
// carried, or would not be the same on both sides.
std::string learn_definition(Connection& connection, const std::string& statement,
                             const model::DdlEvent& event);

}  // namespace wherry::stores::mysql
