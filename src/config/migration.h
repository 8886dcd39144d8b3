#pragma once
// One declared move, typed: what the YAML file says after defaults. Values; see load.h for how one
// is read.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_network.h"
#include "config/globs.h"
#include "config/limits.h"
#include "config/routes.h"
#include "config/secret.h"

namespace wherry::config {

struct Tls {
  bool required = false;  // refuse a connection without TLS
  bool verify = false;    // the server's certificate and host name are checked
  std::filesystem::path ca;
  std::filesystem::path cert;
  std::filesystem::path key;
};

struct MysqlServer {
  std::string host;  // empty when `socket` is given
  std::uint16_t port = 3306;
  std::filesystem::path socket;  // empty when `host` is given
  std::string user;
  Secret password;
  Tls tls;
  bool compress = false;  // what goes over the wire
};

struct MysqlStore : MysqlServer {
  // Of a source: a replica of it that is read in its place while copying.
  std::optional<MysqlServer> read_from;
  // Of a source without GTIDs: how often it is told to begin a new log file at most.
  std::chrono::milliseconds new_log_every{10'000};
};

// What happens to target files that are not (or no longer) at the source.
enum class Deletes { keep, propagate };

struct FileStore {
  std::filesystem::path path;
  Deletes deletes = Deletes::keep;   // of the target
  std::uint64_t max_deletes = 1000;  // more than that in one run stops it
};

using Store = std::variant<MysqlStore, FileStore>;
std::string_view kind_name(const Store& store);  // "mysql", "file"
std::string address(const Store& store);  // "user@host:port", "user@/path", "/path"; never a secret

enum class DdlAction { apply, stop, ignore };
enum class DdlKind {
  create_table,
  alter_table,
  drop_table,
  rename_table,
  truncate_table,
  create_database,
  alter_database,
  drop_database,
  view,
  routine,
  sequence,
};
inline constexpr std::size_t ddl_kinds = static_cast<std::size_t>(DdlKind::sequence) + 1;
std::string_view to_string(DdlAction action);
std::string_view to_string(DdlKind kind);

// What to do with a DDL statement met while following.
class DdlPolicy {
 public:
  DdlPolicy();  // apply, but stop at database statements
  DdlAction action(DdlKind kind) const { return actions_.at(static_cast<std::size_t>(kind)); }
  void set(DdlKind kind, DdlAction action) { actions_.at(static_cast<std::size_t>(kind)) = action; }
  void set_all(DdlAction action) { actions_.fill(action); }

 private:
  std::array<DdlAction, ddl_kinds> actions_{};
};

struct Verify {
  bool in_servers = false;  // rows are digested by the servers themselves, and do not travel
  std::optional<std::chrono::milliseconds> max_proof_age;  // older chunks are proved again
  std::uint32_t recheck_times = 2;                         // reads again before a difference counts
  std::chrono::milliseconds recheck_wait{500};             // between them
};

// The user's own commands in place of a guard, for /bin/sh.
struct CommandGuard {
  std::string raise;
  std::string lower;
  std::string check;                          // empty: none
  std::chrono::milliseconds timeout{10'000};  // of each
};

// Rules on the machines of the servers that let in nobody but these.
struct NetworkGuard {
  std::vector<base::IpNetwork> allow;
  // How that machine is reached: "local", or what ssh takes; empty: that side has no such guard.
  std::string source;
  std::string target;
};

// How applications are kept from writing while a side is sealed; the same on both sides.
struct Guards {
  std::optional<CommandGuard> command;
  std::optional<NetworkGuard> network;
  std::vector<std::string> accounts;  // "user@host": they keep SELECT
  bool read_only = false;             // the server's own switch
  bool events = false;                // scheduled events are disabled
};

// A command of the user that ends when something outside of the stores has come to its end.
struct WaitFor {
  std::string command;
  std::chrono::milliseconds timeout{10'000};
};

struct CutOver {
  std::chrono::milliseconds max_downtime{10'000};  // beyond it all is undone
  std::chrono::milliseconds patience{1'000};       // before who is connected is disconnected
  Guards guards;
  std::vector<WaitFor> wait_for;  // in this order, before the final position is taken
};

struct Migration {
  std::string name;
  std::filesystem::path file;  // the config it came from
  Store source;
  Store target;
  Tables tables;
  Routes routes;
  Limits limits;
  DdlPolicy ddl;
  // Accounts on the target in place of those that define views and routines: "user@host".
  std::map<std::string, std::string> definers;
  Verify verify;
  CutOver cutover;
  std::filesystem::path journal;  // a folder of this migration alone
  std::optional<std::uint32_t>
      server_id;  // as which Wherry registers at the source; nothing: chosen

  std::filesystem::path socket() const { return journal / "wherry.sock"; }
};

}  // namespace wherry::config
