#pragma once
// A server's binlog as it sends it to a replica: one event's bytes after the other. Used by one
// thread. The server sends a heartbeat whenever it has been silent for `heartbeat`, so that no read
// blocks for longer; one that vanished is noticed by the connection's keep-alive. Errors:
// connection_lost; cancelled after a stop; rejected "source.log_purged" (what is needed is no
// longer there), "source.log_shorter" (the log ends before the position: another server, or one
// that lost its log's end), "source.log_off", "source.log_refused", "source.xa_unreachable",
// "source.server_id_taken", "source.replaced" (another server answers).

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>

#include "model/position.h"
#include "stores/mysql/change_assembler.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/definition_reach.h"
#include "stores/mysql/gtid_history.h"

namespace wherry::stores::mysql {

// A number for a reader of its own: a server drops an older reader that comes with the same, and
// people give small ones to replicas.
std::uint32_t unusual_server_id();

class BinlogStream {
 public:
  static constexpr std::chrono::milliseconds heartbeat{100};

  struct Reader {
    std::uint32_t server_id = 0;       // its own among all replicas of the server
    std::string identity = {};         // of the server, as check_identity() expects it; empty = any
    std::string_view side = "source";  // of the migration
    bool definitions = false;          // definition_reach() is wanted
  };
  // Asks for the log from from.to_read_from() on.
  BinlogStream(Endpoint endpoint, const Reader& reader, const model::Position& from,
               const std::stop_token& stop);
  // Asks for the transactions that are not in `known`, and of each log's other events.
  BinlogStream(Endpoint endpoint, const Reader& reader, const GtidHistory& known,
               const std::stop_token& stop);

  // The next event, heartbeats included. The view lives until the next call.
  std::string_view next(const std::stop_token& stop);

  bool checksummed() const {
    return checksummed_;
  }  // the events before the first FORMAT_DESCRIPTION
  const Collations& collations() const { return collations_; }
  // What the time zone SYSTEM is there, as an offset; empty where that is not the same at all
  // times.
  const std::string& system_zone() const { return system_zone_; }
  // Known of a MariaDB only, and if it was asked for.
  DefinitionReach& definition_reach() { return definition_reach_; }

 private:
  model::Position check_position(const model::Position& from);
  void announce(std::uint32_t server_id);
  void read_collations();
  void read_system_zone();
  void prepare(const Reader& reader);
  void ask(const model::Position& from, std::uint32_t server_id);
  void ask_beyond(const GtidHistory& known, std::uint32_t server_id);
  void send(enum enum_server_command command, const std::string& arguments);
  [[noreturn]] void fail();

  Connection connection_;
  bool checksummed_ = false;
  Collations collations_;
  std::string system_zone_;
  DefinitionReach definition_reach_;
};

}  // namespace wherry::stores::mysql
