#pragma once
// The journal file's tables and how an older file becomes a newer one. A file's version is the
// number of steps it has taken.

#include <span>
#include <string_view>

#include "journal/sqlite_database.h"

namespace wherry::journal {

// The steps of this program, oldest first. A step that was released is never changed.
std::span<const std::string_view> schema_steps();

// Checks the file and takes the steps that are missing, in one transaction; a file that has taken
// some before is copied to
// `<path>.v<version>.bak` first. Errors as open_sqlite().
void bring_up_to_date(Database& db, std::span<const std::string_view> steps);

// Throws Error(rejected, "journal.older" | "journal.newer" | "journal.foreign") unless the file has
// taken exactly these steps.
void require_up_to_date(Database& db, std::span<const std::string_view> steps);

}  // namespace wherry::journal
