#include "journal/sqlite_database.h"

#include "base/error.h"
#include "base/text.h"

namespace wherry::journal {

using base::Error;
using base::ErrorKind;

Database::Database(const std::string& path, bool writable) : path_(path) {
  sqlite3* db = nullptr;
  const int flags = (writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  db_.reset(db);
  if (code != SQLITE_OK) fail(code);
  sqlite3_busy_timeout(db, 5000);
}

void Database::exec(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

std::uint64_t Database::changed_rows() const {
  return static_cast<std::uint64_t>(sqlite3_changes64(db_.get()));
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

void Database::fail(int code) const {
  const std::string why = db_ ? sqlite3_errmsg(db_.get()) : sqlite3_errstr(code);
  const std::string where = base::printable(path_);
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw Error(ErrorKind::internal, "journal.full", "no room left for the journal", where);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw Error(ErrorKind::internal, "journal.damaged", "the journal is damaged: " + why, where);
    case SQLITE_IOERR:
      throw Error(ErrorKind::internal, "journal.io",
                  "the journal cannot be read or written: " + why, where);
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      throw Error(ErrorKind::rejected, "journal.path", "the journal cannot be opened: " + why,
                  where);
    case SQLITE_CONSTRAINT:
      throw Error(ErrorKind::internal, "journal.constraint",
                  "a call contradicts what the journal holds: " + why, where);
    default:
      throw Error(ErrorKind::internal, "journal.sqlite", "the journal failed: " + why, where);
  }
}

Statement::Statement(const Database& db, std::string_view sql) : db_(db) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(db.db_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  statement_.reset(statement);
  if (code != SQLITE_OK) db_.fail(code);
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) db_.fail(code);
  return false;
}

bool Statement::null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::bytes(int column) const {
  const void* start = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  return start == nullptr ? std::string() : std::string(static_cast<const char*>(start), size);
}

std::optional<model::Key> Statement::key(int column) const {
  if (null(column)) return std::nullopt;
  auto key = model::Key::from_bytes(bytes(column));
  if (!key) damaged();
  return key;
}

model::Position Statement::position(int column) const {
  auto position = model::Position::parse(bytes(column));
  if (!position) damaged();
  return *std::move(position);
}

void Statement::damaged() const { db_.fail(SQLITE_CORRUPT); }

// A null pointer would bind NULL, which is unlike an empty text.
void Statement::bind(std::string_view text) {
  const char* start = text.data() == nullptr ? "" : text.data();
  const int code = sqlite3_bind_text64(statement_.get(), ++bound_, start, text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) db_.fail(code);
}

void Statement::bind(const std::optional<model::Key>& key) {
  if (key) return bind(*key);
  if (const int code = sqlite3_bind_null(statement_.get(), ++bound_); code != SQLITE_OK) {
    db_.fail(code);
  }
}

void Statement::bind(const model::Key& key) {
  const int code = sqlite3_bind_blob64(statement_.get(), ++bound_, key.bytes().c_str(),
                                       key.bytes().size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) db_.fail(code);
}

void Statement::bind_integer(std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_.get(), ++bound_, value); code != SQLITE_OK) {
    db_.fail(code);
  }
}

}  // namespace wherry::journal
