#pragma once
// One connection to an SQLite file, and its statements, with our errors. Not thread-safe. A
// Statement must not outlive its Database. Errors: Error(internal, "journal.full" | "journal.io" |
// "journal.damaged" | "journal.constraint" | "journal.sqlite").

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <sqlite3.h>

#include "model/key.h"
#include "model/position.h"

namespace wherry::journal {

class Database {
 public:
  Database(const std::string& path, bool writable);

  void exec(const std::string& sql);
  // Statements without result.
  template <typename... Args>
  void run(std::string_view sql, const Args&... args);
  std::uint64_t changed_rows() const;  // by the last statement
  bool in_transaction() const;
  const std::string& path() const { return path_; }

  [[noreturn]] void fail(int code) const;

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> db_;
};

class Statement {
 public:
  template <typename... Args>
  Statement(const Database& db, std::string_view sql, const Args&... args) : Statement(db, sql) {
    (bind(args), ...);
  }
  Statement(const Database& db, std::string_view sql);

  bool step();  // false at the end

  // Columns of the row, left to right from 0. Text and blobs are copied.
  bool null(int column) const;
  std::int64_t integer(int column) const;
  std::uint64_t count(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  std::string bytes(int column) const;
  std::optional<model::Key> key(int column) const;  // NULL = nothing
  model::Position position(int column) const;
  [[noreturn]] void damaged() const;

 private:
  template <std::integral T>
  void bind(T value) {
    bind_integer(static_cast<std::int64_t>(value));
  }
  void bind(std::string_view text);
  void bind(const std::string& text) { bind(std::string_view(text)); }
  void bind(const char* text) { bind(std::string_view(text)); }
  void bind(const std::optional<model::Key>& key);
  void bind(const model::Key& key);
  void bind(const model::Position& position) { bind(position.text()); }
  void bind_integer(std::int64_t value);

  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  const Database& db_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
};

template <typename... Args>
void Database::run(std::string_view sql, const Args&... args) {
  Statement statement(*this, sql, args...);
  while (statement.step()) {
  }
}

}  // namespace wherry::journal
