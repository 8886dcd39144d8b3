#include "stores/mysql/binlog_stream.h"

#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/identity.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::uint64_t first_offset = 4;  // of a log's first event

void put(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
}

[[noreturn]] void throw_purged(const model::Position& from, const std::string& where) {
  throw Error(
      ErrorKind::rejected, "source.log_purged",
      fmt::format("the source no longer has its log {}: changes from {} on are lost to this "
                  "migration. Start it anew, after raising the source's log retention "
                  "(expire_logs_days, binlog_expire_logs_seconds)",
                  base::printable(from.log), from.text()),
      where);
}

}  // namespace

std::uint32_t unusual_server_id() {
  std::random_device device;
  return 0x80000000U | device();
}

BinlogStream::BinlogStream(Endpoint endpoint, const Reader& reader, const model::Position& from,
                           const std::stop_token& stop)
    : connection_(std::move(endpoint)) {
  const InterruptOnStop interrupt(stop, connection_);
  check_identity(connection_, reader.identity, reader.side);
  model::Position begin = check_position(from);
  if (from.since) {
    begin = check_position(from.to_read_from());
    if (begin.log != from.since->log) {
      throw Error(
          ErrorKind::rejected, "source.xa_unreachable",
          "the source cannot send its log from where an XA transaction was prepared, behind "
          "4 GiB of its log; end that transaction and start the migration anew",
          from.text());
    }
  }
  prepare(reader);
  ask(begin, reader.server_id);
}

BinlogStream::BinlogStream(Endpoint endpoint, const Reader& reader, const GtidHistory& known,
                           const std::stop_token& stop)
    : connection_(std::move(endpoint)) {
  const InterruptOnStop interrupt(stop, connection_);
  check_identity(connection_, reader.identity, reader.side);
  prepare(reader);
  ask_beyond(known, reader.server_id);
}

void BinlogStream::prepare(const Reader& reader) {
  read_collations();
  read_system_zone();
  if (reader.definitions && connection_.server().is_mariadb()) {
    definition_reach_ = DefinitionReach::read(connection_);
  }
  announce(reader.server_id);
}

// Before the server is asked for it: its own answer to a log that is gone is one error number for
// many troubles.
model::Position BinlogStream::check_position(const model::Position& from) {
  if (connection_.scalar("SELECT @@global.log_bin").value_or("0") != "1") {
    throw Error(ErrorKind::rejected, "source.log_off", "the source writes no binlog (log_bin)",
                connection_.endpoint().text());
  }
  const Result logs = connection_.query("SHOW BINARY LOGS");
  for (std::size_t i = 0; i < logs.rows(); ++i) {
    if (logs.text(i, std::size_t{0}) != from.log) continue;
    const std::uint64_t size = logs.number(i, std::size_t{1}).value_or(0);
    if (size < from.offset) {
      throw Error(
          ErrorKind::rejected, "source.log_shorter",
          fmt::format("the source's log {} ends at {}, before {}: it is not the server that was "
                      "read before, or it lost the end of its log in a crash. Start the "
                      "migration anew",
                      base::printable(from.log), size, from.offset),
          connection_.endpoint().text());
    }
    // A replica can ask for the first 4 GiB only. Beyond, after one huge transaction, a log just
    // ends.
    if (from.offset <= std::numeric_limits<std::uint32_t>::max()) return from;
    if (i + 1 == logs.rows()) {
      throw Error(
          ErrorKind::rejected, "source.log_refused",
          fmt::format("the source cannot send its log from {} on; run FLUSH BINARY LOGS there",
                      from.text()),
          connection_.endpoint().text());
    }
    return model::Position::in_log(logs.text(i + 1, std::size_t{0}), first_offset, from.gtid);
  }
  throw_purged(from, connection_.endpoint().text());
}

void BinlogStream::read_collations() {
  const ServerVersion& server = connection_.server();
  const bool many_charsets_a_collation = server.is_mariadb() && server.number >= 101001;
  const Result r = connection_.query(
      many_charsets_a_collation
          ? "SELECT ID, CHARACTER_SET_NAME, FULL_COLLATION_NAME FROM "
            "information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
          : "SELECT ID, CHARACTER_SET_NAME, COLLATION_NAME FROM information_schema.COLLATIONS");
  for (std::size_t i = 0; i < r.rows(); ++i) {
    const auto id = r.number(i, std::size_t{0});
    if (!id) continue;
    collations_[static_cast<std::uint32_t>(*id)] = {r.text(i, std::size_t{1}),
                                                    r.text(i, std::size_t{2})};
  }
}

void BinlogStream::read_system_zone() {
  const std::string zone = connection_.scalar("SELECT @@global.system_time_zone").value_or("");
  if (zone == "UTC" || zone == "GMT" || zone == "Etc/UTC") system_zone_ = "+00:00";
}

// What a replica tells of itself in variables of its session.
void BinlogStream::announce(std::uint32_t server_id) {
  checksummed_ = connection_.scalar("SELECT @@global.binlog_checksum").value_or("NONE") == "CRC32";
  const auto nanoseconds = std::chrono::nanoseconds(heartbeat).count();
  connection_.execute(
      fmt::format("SET @master_binlog_checksum=@@global.binlog_checksum, "
                  "@source_binlog_checksum=@@global.binlog_checksum, @master_heartbeat_period={0}, "
                  "@source_heartbeat_period={0}",
                  nanoseconds));
  // The same at every connect, so that a server ends the stream of a reader that came back before
  // its old one was missed.
  connection_.execute(fmt::format(
      "SET @slave_uuid='77686572-7279-4000-8000-{:012x}', @replica_uuid=@slave_uuid", server_id));
  if (connection_.server().is_mariadb()) connection_.execute("SET @mariadb_slave_capability=4");
}

void BinlogStream::ask(const model::Position& from, std::uint32_t server_id) {
  std::string command;
  put(command, from.offset, 4);
  put(command, 0, 2);  // flags
  put(command, server_id, 4);
  command += from.log;
  send(COM_BINLOG_DUMP, command);
}

void BinlogStream::ask_beyond(const GtidHistory& known, std::uint32_t server_id) {
  std::string command;
  if (connection_.server().is_mariadb()) {
    connection_.execute(fmt::format("SET @slave_connect_state='{}', @slave_gtid_strict_mode=1",
                                    known.connect_state()));
    put(command, first_offset, 4);
    put(command, 0, 2);
    put(command, server_id, 4);
    return send(COM_BINLOG_DUMP, command);
  }
  constexpr std::uint64_t through_gtids = 4;
  const std::string set = known.encoded();
  put(command, through_gtids, 2);
  put(command, server_id, 4);
  put(command, 0, 4);  // no name of a log
  put(command, first_offset, 8);
  put(command, set.size(), 4);
  command += set;
  // MySQL's own, which the library has no name for.
  constexpr auto binlog_dump_gtid = static_cast<enum_server_command>(30);
  send(binlog_dump_gtid, command);
}

void BinlogStream::send(enum enum_server_command command, const std::string& arguments) {
  MYSQL* mysql = connection_.native();
  if (mysql->methods->db_command(mysql, command, arguments.data(), arguments.size(), 1, nullptr) !=
      0) {
    fail();
  }
}

std::string_view BinlogStream::next(const std::stop_token& stop) {
  const InterruptOnStop interrupt(stop, connection_);
  constexpr unsigned char end_of_stream = 0xfe;
  MYSQL* mysql = connection_.native();
  const unsigned long length = mysql_net_read_packet(mysql);
  if (length == packet_error) fail();
  if (stop.stop_requested()) base::throw_cancelled();
  const unsigned char head = length == 0 ? end_of_stream : mysql->net.read_pos[0];
  if (head == end_of_stream && length < 9) {
    throw Error(ErrorKind::connection_lost, "mysql.connection_lost",
                "the source ended its log's stream", connection_.endpoint().text());
  }
  if (head != 0) {
    throw Error(ErrorKind::data_mismatch, "binlog.malformed", "a packet of the stream is no event",
                connection_.endpoint().text());
  }
  // The library's buffer is of unsigned char, our bytes are char.
  return {reinterpret_cast<const char*>(mysql->net.read_pos) + 1, length - 1};
}

void BinlogStream::fail() {
  try {
    connection_.fail();
  } catch (const Error& e) {
    // One number stands for many troubles here; only the words tell them apart.
    const auto says = [&](std::string_view words) {
      return e.message().find(words) != std::string::npos;
    };
    if (says("Could not find first log") || says("have been purged") ||
        says("has purged binary logs")) {
      throw Error(ErrorKind::rejected, "source.log_purged", e.message(), e.context());
    }
    if (says("same server_uuid/server_id")) {
      throw Error(
          ErrorKind::rejected, "source.server_id_taken",
          "another replica of the source, or another migration, has the server id of this one; "
          "give each its own",
          e.context());
    }
    throw;
  }
}

}  // namespace wherry::stores::mysql
