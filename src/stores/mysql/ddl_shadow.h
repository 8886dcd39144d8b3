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

// The session that a change of definition runs in: the event's sql_mode, character set, time and
// time zone (where the target knows it).
// Throws Error(not_supported, "ddl.sql_mode") if the target does not know the mode, "ddl.charset"
// if it does not know the character set or takes utf8mb4 alone for something else.
void enter_session_of(Connection& connection, const model::DdlEvent& event);
// And what a schema gets that is made without a word about its character set. Throws
// Error(not_supported, "ddl.charset") if the target does not know that.
void enter_server_charset_of(Connection& connection, const model::DdlEvent& event);
// Back to what a connection begins with.
void leave_session_of_event(Connection& connection);

struct Learnt {
  std::string fingerprint;  // of the statement's one table, after it
  // As contract::DdlTarget::learn() returns it.
  std::optional<std::string> copied_again_because;
};

// Requires: the statement creates or changes one table. Throws Error(not_supported, "ddl.…") by
// name if the result could not be carried, or would not be the same on both sides.
Learnt learn_definition(Connection& connection, const std::string& statement,
                        const model::DdlEvent& event);

}  // namespace wherry::stores::mysql
