#pragma once
// One connection to a MariaDB or MySQL server, and what statements answer.
// A Connection is used by one thread; only interrupt() may be called from others. Results own their
// rows; a Stream is a statement in flight: no other statement runs on its connection while it
// lives. Errors: as errors.cc maps them, with the server's address as context. Never a password in
// any of them. After interrupt() every call throws Error(cancelled).

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <mysql.h>

#include "base/error.h"
#include "model/row.h"
#include "stores/mysql/statement.h"

namespace wherry::stores::mysql {

struct Tls {
  std::string ca;  // files, PEM
  std::string cert;
  std::string key;
  bool required = false;  // fail if the server does not offer TLS; implied by a CA and by `verify`
  std::optional<bool> verify;  // certificate and host name; nothing = if a CA is given
};

// Where a server is and who asks. A value; copies share nothing but `password`, which must be
// thread-safe.
struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3306;
  std::string socket;  // a path: used instead of host and port
  std::string user;
  std::function<std::string()>
      password;  // asked at every connect, so that it may change; empty = none
  Tls tls;
  bool compress = false;  // by zlib, in both directions
  std::chrono::seconds connect_timeout{10};

  std::string text() const;  // "127.0.0.1:3306" or the socket's path
};

enum class Flavour { mariadb, mysql };

struct ServerVersion {
  Flavour flavour = Flavour::mariadb;
  unsigned number = 0;  // 101106 for 10.11.6, 50729 for 5.7.29
  std::string text;     // as the server says
  bool is_mariadb() const { return flavour == Flavour::mariadb; }
};

struct ConnectOptions {
  // Sends what belongs together in one packet (query_all). Only for statements that are written
  // here: a text of others that has a semicolon would be several.
  bool together = false;
  bool local_infile = false;  // answer LOAD DATA LOCAL; a handler must then be set on native()
  std::chrono::seconds read_timeout{0};  // no answer for so long = connection_lost; 0 = wait on
  std::stop_token stop = {};             // a requested stop interrupts the connection
};

// All rows of one answer. Cells are the bytes as sent.
class Result {
 public:
  Result() = default;
  Result(std::vector<std::string> names, model::RowBatch rows)
      : names_(std::move(names)), rows_(std::move(rows)) {}
  std::size_t rows() const { return rows_.rows(); }
  std::size_t columns() const { return names_.size(); }
  bool empty() const { return rows_.empty(); }
  model::Cell cell(std::size_t row, std::size_t column) const { return rows_.cell(row, column); }
  // By column name, without regard to case; NULL if there is no such column.
  model::Cell cell(std::size_t row, std::string_view name) const;
  std::string text(std::size_t row, std::size_t column) const;  // NULL reads as ""
  std::string text(std::size_t row, std::string_view name) const;
  // NULL, or what is not a number, reads as nothing.
  std::optional<std::uint64_t> number(std::size_t row, std::size_t column) const;
  std::optional<std::uint64_t> number(std::size_t row, std::string_view name) const;
  const model::RowBatch& batch() const { return rows_; }
  model::RowBatch take() && { return std::move(rows_); }

 private:
  std::vector<std::string> names_;
  model::RowBatch rows_;
};

struct Executed {
  std::uint64_t affected =
      0;  // rows found, also those that stayed as they were (CLIENT_FOUND_ROWS)
  unsigned warnings = 0;
};

// A statement with parameters, known to the server by a number of its connection.
struct ClosePrepared {
  void operator()(MYSQL_STMT* prepared) const { mysql_stmt_close(prepared); }
};
using Prepared = std::unique_ptr<MYSQL_STMT, ClosePrepared>;

class Connection;

// While it lives, a requested stop interrupts the connection.
class InterruptOnStop {
 public:
  InterruptOnStop(const std::stop_token& stop, Connection& connection)
      : callback_(stop, Call{&connection}) {}

 private:
  struct Call {
    Connection* connection;
    void operator()() const noexcept;
  };
  std::stop_callback<Call> callback_;
};

// The rows of one answer as they arrive. Ends early by reading the rest and throwing it away: bound
// your statements.
class Stream {
 public:
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // False at the end of the rows. Throws if the connection was lost or the statement killed before
  // the end.
  [[nodiscard]] bool next();
  std::size_t columns() const { return columns_; }
  // Requires: next() returned true. The view lives until the next call of next().
  model::Cell cell(std::size_t column) const {
    const char* bytes = row_[column];
    if (bytes == nullptr) return std::nullopt;
    return std::string_view(bytes, lengths_[column]);
  }
  // NULL, or what is not a number, reads as nothing.
  std::optional<std::uint64_t> number(std::size_t column) const;

 private:
  friend class Connection;
  Stream(Connection& connection, MYSQL_RES* result);
  Connection& connection_;
  MYSQL_RES* result_;
  MYSQL_ROW row_ = nullptr;
  unsigned long* lengths_ = nullptr;
  std::size_t columns_;
};

class Connection {
 public:
  // Connects. The session then has: NAMES binary, results unconverted, time_zone '+00:00', sql_mode
  // '', autocommit on, wait and net timeouts long. Throws Error(connection_lost) if the server
  // cannot be reached, Error(rejected) if it will not let us in.
  explicit Connection(Endpoint endpoint, ConnectOptions options = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result query(std::string_view sql);
  // Rows of the first statement; rest() answers the others when the stream is gone. What nobody
  // asks for is thrown away.
  Stream stream(const std::vector<std::string>& statements);
  std::vector<Result> rest();
  // The answers of statements that are run one after the other, in one round trip if the connection
  // was opened for it; nothing is run after one that fails. A statement without rows answers none.
  std::vector<Result> query_all(const std::vector<std::string>& statements);
  Executed execute(std::string_view sql);        // throws away rows, should there be any
  Executed execute(const Statement& statement);  // that gives no rows
  // A Prepared must not outlive its connection's last use.
  Prepared prepare(std::string_view sql);
  // Does the server run a prepared statement over many rows that come in one packet?
  bool takes_arrays() const;
  Executed execute_arrays(std::string_view packet);  // of row_arrays.h
  Stream stream(std::string_view sql);
  // The first cell of the first row; nothing if NULL or no row.
  std::optional<std::string> scalar(std::string_view sql);
  // What the last statement's warnings say, for a message: "1366 Incorrect integer value … (and 3
  // more)".
  std::string warnings_text();

  const ServerVersion& server() const { return server_; }
  const Endpoint& endpoint() const { return endpoint_; }
  std::uint64_t id() const { return id_; }  // the server's number for it

  // Ends the connection from any thread: a blocked call on it throws Error(cancelled) at once.
  void interrupt() noexcept;

  // For what the library does beyond statements (binlog packets, LOCAL handlers). The connection
  // keeps owning it.
  MYSQL* native() { return mysql_; }
  // Throws what the library's last failure means.
  [[noreturn]] void fail();

 private:
  friend class Stream;
  friend class AnswerSoon;
  void connect(const ConnectOptions& options);
  void set_options(const ConnectOptions& options);
  void keep_alive();
  [[noreturn]] void fail(MYSQL_STMT& prepared);
  void send(std::string_view sql);
  void wait_for_answer();
  Result take_answer();
  Stream take_stream();
  void send_all(const std::vector<std::string>& statements);
  void drop_rest();
  static Result all_of(Stream& rows);

  Endpoint endpoint_;
  MYSQL* mysql_ = nullptr;
  ServerVersion server_;
  std::uint64_t id_ = 0;
  std::atomic<bool> interrupted_ = false;
  std::mutex socket_mutex_;  // interrupt() against closing
  int socket_ = -1;
  bool together_ = false;
  std::vector<std::string> rest_;  // not together: still to be run
  bool soon_ = false;
  std::optional<InterruptOnStop> interrupt_on_stop_;
};

// While it lives, a statement that is not answered within the time to connect throws
// Error(connection_lost): for what is asked before others can interrupt the connection.
class AnswerSoon {
 public:
  explicit AnswerSoon(Connection& connection) : connection_(connection) {
    connection_.soon_ = true;
  }
  ~AnswerSoon() { connection_.soon_ = false; }
  AnswerSoon(const AnswerSoon&) = delete;
  AnswerSoon& operator=(const AnswerSoon&) = delete;

 private:
  Connection& connection_;
};

}  // namespace wherry::stores::mysql
