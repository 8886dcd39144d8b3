#pragma once
// What every migration writes into its journal: its state and how it came to it, what happened, and
// the facts that must stay as they were at its beginning. Thread-safe as the journal is.

#include <string>

#include "base/digest.h"
#include "base/error.h"
#include "engine/states.h"
#include "journal/journal.h"

namespace wherry::engine {

State state_of(journal::Journal& journal);
// Writes the transition with its undo. Requires: `transitions` has it.
void go(journal::Journal& journal, State to, const std::string& detail);
void note(journal::Journal& journal, const std::string& kind, const std::string& detail);
// Events; between them status_of() tells the error as the reason why nothing runs.
void note_start(journal::Journal& journal);
void note_failure(journal::Journal& journal, const base::Error& error);

// The key of all digests of this migration, made at the first call.
base::DigestKey digest_key(journal::Journal& journal);
// Tells this journal's runs from those of any other journal, on a target's lease.
std::string lease_owner(journal::Journal& journal);
// Writes the identity of a side ("source", "target") at the first call; later throws
// Error(rejected, "<side>.replaced") if it is another.
void keep_identity(journal::Journal& journal, const std::string& side, const std::string& identity);

}  // namespace wherry::engine
