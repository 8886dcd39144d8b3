#pragma once
// The journal as an SQLite file: WAL, synchronous=FULL, one thread that writes. Calls that wait at
// the same time share a commit. The file and its lock file (`<path>.lock`, holding the process's
// id) are readable by their owner only.

#include <memory>
#include <string>

#include "journal/journal.h"

namespace wherry::journal {

// Opens the journal, makes it if it is missing, and migrates an older one forward after a copy to
// `<path>.v<version>.bak`. Held exclusively until it is gone. Throws Error(rejected):
// "journal.held" naming the process that holds it, "journal.newer", "journal.foreign" (another
// program's file), "journal.path"; Error(internal): "journal.damaged", "journal.full",
// "journal.io".
std::unique_ptr<Journal> open_sqlite(const std::string& path);

// For looking at it, also while another process holds it: each call sees what was committed before.
// Calls that write throw Error(rejected, "journal.readonly"). Throws Error(rejected,
// "journal.missing") if there is none, "journal.older" if it has to be migrated first, and as
// above.
std::unique_ptr<Journal> open_sqlite_readonly(const std::string& path);

}  // namespace wherry::journal
