#include "journal/sqlite_schema.h"

#include <array>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::journal {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::int64_t application_id = 0x57485259;  // "WHRY"

// Times are nanoseconds since 1970. Positions are in their text form; where they are compared,
// their order is kept beside it.
constexpr std::array<std::string_view, 1> steps_of_this_program{{R"sql(
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE event (
  number INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, kind TEXT NOT NULL,
  from_state TEXT NOT NULL, to_state TEXT NOT NULL, detail TEXT NOT NULL, undo TEXT NOT NULL);
CREATE TABLE collection (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, planned_through BLOB,
  planned INTEGER NOT NULL, dropped INTEGER NOT NULL);
CREATE TABLE chunk (
  collection INTEGER NOT NULL, number INTEGER NOT NULL, after_key BLOB, through_key BLOB,
  done INTEGER NOT NULL DEFAULT 0, low TEXT NOT NULL DEFAULT ':0', high TEXT NOT NULL DEFAULT ':0',
  rows INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (collection, number)) WITHOUT ROWID;
CREATE TABLE proof (
  collection INTEGER NOT NULL, chunk INTEGER NOT NULL, low TEXT NOT NULL, high TEXT NOT NULL,
  applied TEXT NOT NULL, applied_sequence INTEGER NOT NULL, applied_offset INTEGER NOT NULL,
  rows INTEGER NOT NULL, digest TEXT NOT NULL, way TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (collection, chunk)) WITHOUT ROWID;
CREATE TABLE finding (
  number INTEGER PRIMARY KEY AUTOINCREMENT, severity TEXT NOT NULL, code TEXT NOT NULL,
  subject TEXT NOT NULL, why TEXT NOT NULL, what_to_do TEXT NOT NULL, since INTEGER NOT NULL,
  UNIQUE (code, subject));
)sql"}};

std::int64_t pragma(const Database& db, std::string_view name) {
  Statement statement(db, fmt::format("PRAGMA {}", name));
  return statement.step() ? statement.integer(0) : 0;
}

bool is_empty(const Database& db) {
  return !Statement(db, "SELECT 1 FROM sqlite_schema LIMIT 1").step();
}

void require_sound(const Database& db) {
  Statement check(db, "PRAGMA quick_check(1)");
  if (!check.step() || check.bytes(0) != "ok") check.damaged();
}

// The steps the file has taken. Throws if it is not ours or newer.
std::size_t version_of(const Database& db, std::size_t newest) {
  const std::string where = base::printable(db.path());
  if (is_empty(db)) return 0;
  if (pragma(db, "application_id") != application_id) {
    throw Error(ErrorKind::rejected, "journal.foreign", "the file is not a journal of Wherry",
                where);
  }
  const std::int64_t version = pragma(db, "user_version");
  if (version < 1) Statement(db, "SELECT 1").damaged();
  if (static_cast<std::size_t>(version) > newest) {
    throw Error(ErrorKind::rejected, "journal.newer",
                fmt::format("the journal is of version {}, this program knows versions up to {}: "
                            "use a newer wherry",
                            version, newest),
                where);
  }
  return static_cast<std::size_t>(version);
}

void copy_aside(Database& db, std::size_t version) {
  const std::string copy = fmt::format("{}.v{}.bak", db.path(), version);
  std::error_code ignored;  // a copy that cannot be removed makes the next statement fail
  std::filesystem::remove(copy, ignored);
  db.run("VACUUM INTO ?", copy);
}

}  // namespace

std::span<const std::string_view> schema_steps() { return steps_of_this_program; }

void bring_up_to_date(Database& db, std::span<const std::string_view> steps) {
  const std::size_t version = version_of(db, steps.size());
  require_sound(db);
  if (version == steps.size()) return;
  if (version != 0) copy_aside(db, version);
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const std::string_view step : steps.subspan(version)) db.exec(std::string(step));
    db.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT",
                        application_id, steps.size()));
  } catch (const Error&) {
    if (db.in_transaction()) db.exec("ROLLBACK");
    throw;
  }
}

void require_up_to_date(Database& db, std::span<const std::string_view> steps) {
  const std::size_t version = version_of(db, steps.size());
  if (version == steps.size()) return;
  throw Error(ErrorKind::rejected, "journal.older",
              "the journal was written by an older wherry: `wherry run` brings it up to date",
              base::printable(db.path()));
}

}  // namespace wherry::journal
