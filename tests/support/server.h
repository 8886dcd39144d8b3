// A real MariaDB or MySQL on this machine for one test: own temporary directory, free port,
// loopback only. It runs the scripts in tests/support/servers.
//
// Thread-safety: exec_sql, query and connect may be called from any thread; starting and stopping
// from one. Ownership: the destructor kills the server and removes its directory; should the test
// process die first, a watcher does. Errors: std::runtime_error with the server's log, SqlError.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "tests/support/connection.h"

namespace wherry::tests {

enum class ServerKind { mariadb, mysql56, mysql57 };
std::string_view to_string(ServerKind kind);  // "mysql56": for names of tests and messages

struct ServerOptions {
  // Small buffers, no fsync: survives kill -9, not a power cut.
  bool fast = true;
  // 0: the port number.
  unsigned server_id = 0;
  // 0: a free one.
  unsigned port = 0;
  // Given to the server last, so they override what the scripts set, e.g. "--sync-binlog=1".
  std::vector<std::string> extra = {};
  // For wait_for_end_of(); a fast server goes without it otherwise.
  bool performance_schema = false;
  // A library for LD_PRELOAD; "" for none.
  std::string preload = {};
};

class Server {
 public:
  // Requires: available(kind).
  static Server start(ServerKind kind, ServerOptions options = {});
  // Fetches a MySQL that is not on the machine yet; false when it cannot be had (skip then).
  static bool available(ServerKind kind);

  static Server start_mariadb(ServerOptions options = {});
  static Server start_mysql57(ServerOptions options = {});
  static bool mysql57_available() { return available(ServerKind::mysql57); }

  Server(Server&& other) noexcept;
  Server& operator=(Server&& other) noexcept;
  ~Server();

  const std::filesystem::path& dir() const { return dir_; }
  std::filesystem::path data_dir() const { return dir_ / "data"; }
  std::string socket() const { return (dir_ / "s.sock").string(); }
  unsigned port() const { return options_.port; }
  unsigned server_id() const { return options_.server_id; }
  // mysql://root@127.0.0.1:PORT
  std::string dsn() const;
  // By socket, user root, no password, no database.
  Endpoint endpoint() const;
  // Of the running server; 0 when it does not run.
  pid_t pid() const;

  // As a crash leaves it; returns when the process is gone.
  void kill9();
  // A clean shutdown.
  void shut_down();
  // Starts on the same data, port and socket. Stops cleanly before when it still runs.
  void restart();
  void restart(std::vector<std::string> extra);

  Connection connect(const std::string& database = "") const;
  // Returns when the server has let go of a session that was closed. An XA COMMIT by another
  // session that comes before is logged and loses its rows, by MariaDB and MySQL 5.7. (The process
  // list forgets a session too early.) Throws std::runtime_error if it is still there after 10 s.
  // Requires: performance_schema.
  void wait_for_end_of(std::uint64_t session) const;
  // Each call has its own connection: USE and session variables do not outlive it.
  std::uint64_t exec_sql(const std::string& sql) const;
  Rows query(const std::string& sql) const;
  // Runs a file through the `mariadb` program (so DELIMITER works).
  void load_file(const std::filesystem::path& file, const std::string& database = "") const;

 private:
  Server(std::vector<std::string> script, ServerOptions options);
  void start();
  void remove() noexcept;

  std::vector<std::string> script_;  // and its first arguments
  ServerOptions options_;
  std::filesystem::path dir_;  // empty: moved from
};

}  // namespace wherry::tests
