// A plain connection to a database server for tests, over libmariadb's text protocol. It shares
// nothing with the product's own wire code, so that a fault there cannot hide here.
//
// Thread-safety: one thread at a time. Ownership: closes on destruction; movable.
// Errors: SqlError for everything the server or the library reports.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

struct st_mysql;

namespace wherry::tests {

// One result cell: the server's text, or nothing for NULL.
using Cell = std::optional<std::string>;
using Row = std::vector<Cell>;
using Rows = std::vector<Row>;

class SqlError : public std::runtime_error {
 public:
  SqlError(unsigned number, const std::string& message)
      : std::runtime_error(message + " (" + std::to_string(number) + ")"), number_(number) {}
  unsigned number() const { return number_; }
  // The connection is gone: open a new one.
  bool lost() const;

 private:
  unsigned number_;
};

struct Endpoint {
  std::string socket;  // used when not empty, else host and port
  std::string host = "127.0.0.1";
  unsigned port = 0;
  std::string user = "root";
  std::string password;
  std::string database;
  std::string charset = "utf8mb4";
};

class Connection {
 public:
  explicit Connection(const Endpoint& endpoint);

  // Runs one or more statements (separated by `;`) and discards their results. Returns the rows
  // affected by the last one.
  std::uint64_t exec(const std::string& sql);
  // Runs one statement and returns all its rows.
  Rows query(const std::string& sql);
  // The only cell of the only row. Throws std::logic_error when the result has another shape.
  Cell value(const std::string& sql);
  // Text for use between quotes in a statement of this connection.
  std::string escape(const std::string& text);
  // The number a KILL on another connection takes.
  std::uint64_t thread_id() const;

 private:
  [[noreturn]] void fail(const std::string& sql) const;
  struct Close {
    void operator()(st_mysql* handle) const;
  };
  std::unique_ptr<st_mysql, Close> handle_;
};

}  // namespace wherry::tests
