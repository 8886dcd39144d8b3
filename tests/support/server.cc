#include "tests/support/server.h"

#include <chrono>
#include <fstream>
#include <map>
#include <stdexcept>
#include <thread>
#include <utility>

#include <unistd.h>

#include "tests/support/port.h"
#include "tests/support/program.h"

namespace wherry::tests {

namespace {

std::string script_path(const std::string& name) {
  return std::string(WHERRY_TEST_SUPPORT_DIR) + "/servers/" + name;
}

}  // namespace

std::string_view to_string(ServerKind kind) {
  switch (kind) {
    case ServerKind::mariadb:
      return "mariadb";
    case ServerKind::mysql56:
      return "mysql56";
    case ServerKind::mysql57:
      return "mysql57";
  }
  return "";
}

namespace {

std::string mysql_version(ServerKind kind) { return kind == ServerKind::mysql56 ? "5.6" : "5.7"; }

}  // namespace

Server Server::start(ServerKind kind, ServerOptions options) {
  if (kind == ServerKind::mariadb) return Server({"start-mariadb"}, std::move(options));
  return Server({"start-mysql", mysql_version(kind)}, std::move(options));
}

bool Server::available(ServerKind kind) {
  if (kind == ServerKind::mariadb) return true;
  static std::map<ServerKind, bool> known;
  const auto found = known.find(kind);
  if (found != known.end()) return found->second;
  return known[kind] = run({script_path("fetch-mysql"), mysql_version(kind)}).exit_code == 0;
}

Server Server::start_mariadb(ServerOptions options) {
  return start(ServerKind::mariadb, std::move(options));
}

Server Server::start_mysql57(ServerOptions options) {
  return start(ServerKind::mysql57, std::move(options));
}

Server::Server(std::vector<std::string> script, ServerOptions options)
    : script_(std::move(script)),
      options_(std::move(options)),
      dir_(make_temporary_directory("server")) {
  const bool any_port = options_.port == 0;
  const bool any_id = options_.server_id == 0;
  for (int attempts_left = 3;; --attempts_left) {
    if (any_port) options_.port = pick_free_port();
    if (any_id) options_.server_id = options_.port;
    try {
      start();
      return;
    } catch (const std::runtime_error&) {
      // Between the look and the start another test may have taken the port.
      if (!any_port || attempts_left == 0 || is_free_port(options_.port)) {
        remove();
        throw;
      }
    }
  }
}

Server::Server(Server&& other) noexcept
    : script_(std::move(other.script_)),
      options_(std::move(other.options_)),
      dir_(std::exchange(other.dir_, {})) {}

Server& Server::operator=(Server&& other) noexcept {
  std::swap(script_, other.script_);
  std::swap(options_, other.options_);
  std::swap(dir_, other.dir_);
  return *this;
}

Server::~Server() { remove(); }

void Server::remove() noexcept {
  if (dir_.empty()) return;
  try {
    std::vector<std::string> command{script_path("stop"), dir_.string(), "--kill"};
    if (!keeps_what_was_made()) command.emplace_back("--rm");
    run(command);
  } catch (const std::exception&) {
    // No process could be started: the watcher cleans up when this process ends.
  }
  dir_.clear();
}

void Server::start() {
  std::vector<std::string> command = script_;
  command.front() = script_path(command.front());
  command.insert(command.end(), {dir_.string(), std::to_string(options_.port),
                                 std::to_string(options_.server_id)});
  if (options_.fast) command.emplace_back("--fast");
  if (!options_.preload.empty()) {
    command.insert(command.end(), {"--preload", options_.preload});
  }
  if (!keeps_what_was_made()) {
    command.insert(command.end(), {"--owner", std::to_string(getpid())});
  }
  command.emplace_back("--");
  if (options_.performance_schema) command.emplace_back("--performance-schema=1");
  command.insert(command.end(), options_.extra.begin(), options_.extra.end());
  const RunResult result = run(command);
  if (result.exit_code != 0) throw std::runtime_error(result.output);
}

std::string Server::dsn() const {
  return "mysql://root@127.0.0.1:" + std::to_string(options_.port);
}

Endpoint Server::endpoint() const {
  Endpoint endpoint;
  endpoint.socket = socket();
  return endpoint;
}

pid_t Server::pid() const {
  std::ifstream in(dir_ / "pid");
  pid_t pid = 0;
  std::string arguments;
  if (in >> pid) {
    std::ifstream process("/proc/" + std::to_string(pid) + "/cmdline");
    std::getline(process, arguments, '\n');
  }
  // A number left by a dead server may belong to somebody else by now.
  return arguments.find("--datadir=" + data_dir().string()) == std::string::npos ? 0 : pid;
}

void Server::kill9() {
  const RunResult result = run({script_path("stop"), dir_.string(), "--kill"});
  if (result.exit_code != 0) throw std::runtime_error(result.output);
}

void Server::shut_down() {
  const RunResult result = run({script_path("stop"), dir_.string()});
  if (result.exit_code != 0) throw std::runtime_error(result.output);
}

void Server::restart() {
  shut_down();
  start();
}

void Server::restart(std::vector<std::string> extra) {
  options_.extra = std::move(extra);
  restart();
}

Connection Server::connect(const std::string& database) const {
  Endpoint where = endpoint();
  where.database = database;
  return Connection(where);
}

void Server::wait_for_end_of(std::uint64_t session) const {
  const std::string threads =
      "SELECT 1 FROM performance_schema.threads WHERE processlist_id=" + std::to_string(session);
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!query(threads).empty()) {
    if (std::chrono::steady_clock::now() > limit) {
      throw std::runtime_error("session " + std::to_string(session) + " does not end");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

std::uint64_t Server::exec_sql(const std::string& sql) const { return connect().exec(sql); }

Rows Server::query(const std::string& sql) const { return connect().query(sql); }

void Server::load_file(const std::filesystem::path& file, const std::string& database) const {
  // The shell opens the file; its name is an argument, never part of the command text.
  const RunResult result =
      run({"sh", "-c",
           "exec mariadb --no-defaults --user=root --socket=\"$1\" --default-character-set=utf8mb4 "
           "--binary-mode \"$3\" <\"$2\"",
           "sh", socket(), file.string(), database});
  if (result.exit_code != 0) throw std::runtime_error(file.string() + ": " + result.output);
}

}  // namespace wherry::tests
