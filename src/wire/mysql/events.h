#pragma once
// The binlog's events, typed. Views are of the event's bytes or of the decoder's buffer (see
// decoder.h). Values.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/mysql/event_header.h"
#include "wire/mysql/query.h"
#include "wire/mysql/table_map.h"

namespace wherry::wire::mysql {

struct FormatDescription {
  std::string server_version;
  bool mariadb = false;
  bool checksummed = false;                       // events from here on end with a CRC32
  std::vector<std::uint8_t> post_header_lengths;  // of type 1, 2, …
};

// At the end of a log, and, artificial, where a stream begins.
struct Rotate {
  std::string_view log;
  std::uint64_t offset = 0;
};

// Begins a transaction or a single statement of MariaDB.
struct MariadbGtid {
  static constexpr std::uint8_t standalone = 1;     // one statement, no COMMIT follows
  static constexpr std::uint8_t transactional = 4;  // can be rolled back
  static constexpr std::uint8_t ddl = 32;
  static constexpr std::uint8_t prepared_xa = 64;
  static constexpr std::uint8_t completed_xa = 128;
  std::uint32_t domain = 0;
  std::uint64_t number = 0;
  std::uint8_t flags = 0;
  std::string text(std::uint32_t server_id) const;  // "0-1-77"; the server is in the event's header
};

struct GtidList {
  struct Entry {
    std::uint32_t domain = 0;
    std::uint32_t server_id = 0;
    std::uint64_t number = 0;
  };
  std::vector<Entry> entries;
};

struct BinlogCheckpoint {
  std::string_view log;
};

struct AnnotateRows {
  std::string_view statement;
};

// The log is encrypted on disk; its server sends it in the clear.
struct StartEncryption {
  std::uint8_t scheme = 0;
  std::uint32_t key_version = 0;
};

// Begins a transaction of MySQL, with a GTID or without.
struct MysqlGtid {
  bool anonymous = false;
  std::array<unsigned char, 16> server_uuid{};
  std::uint64_t number = 0;
  std::string text() const;  // "3e11fa47-71ca-11e1-9e33-c80aa9429562:77"; empty if anonymous
};

struct PreviousGtids {
  std::string set;  // as the server writes it: "uuid:1-5:8,uuid:1"
};

// Ends a transaction.
struct Xid {
  std::uint64_t number = 0;
};

// A whole transaction after its GTID, from BEGIN to COMMIT, as one event: of MySQL 8.0.20 and
// newer. payload_events.h gives what is in it.
struct TransactionPayload {
  enum class Packing : std::uint8_t { zstd = 0, none = 255 };
  Packing packing = Packing::none;
  std::optional<std::uint64_t> unpacked_bytes;
  std::string_view packed;
};

// Made by the reader where the events of a payload end; no log holds it.
struct PayloadEnd {};

// Ends the rows of an XA transaction. They count from here on if it is of one phase, and from its
// XA COMMIT on if not.
struct XaPrepare {
  bool one_phase = false;
  std::uint32_t format = 0;
  std::string_view global_id;
  std::string_view branch_id;
};

// A rows event. `present` and `present_after` have a bit for each column that is in the images.
struct Rows {
  enum class Kind { write, update, remove };
  static constexpr std::uint16_t statement_end = 1;    // the maps before it are no longer valid
  static constexpr std::uint16_t no_foreign_keys = 2;  // its session had foreign_key_checks=0
  static constexpr std::uint64_t no_table =
      0xffffff;  // a table number that only carries statement_end
  Kind kind = Kind::write;
  std::uint64_t table_id = 0;
  std::uint16_t flags = 0;
  std::uint64_t columns = 0;
  std::string_view present;        // of the only image, of an update the one before
  std::string_view present_after;  // of an update
  std::string_view images;
};

struct RowsQuery {
  std::string_view statement;
};

struct Incident {
  std::uint16_t number = 0;
  std::string_view message;
};

struct Heartbeat {
  std::string_view log;
};

struct Stop {};

// Inputs of a statement that follows in statement format.
struct StatementInput {};

// Read past: flagged ignorable by its server, or known to say nothing about rows.
struct Ignored {};

using EventBody = std::variant<FormatDescription, Rotate, MariadbGtid, GtidList, BinlogCheckpoint,
                               AnnotateRows, StartEncryption, MysqlGtid, PreviousGtids, Query, Xid,
                               XaPrepare, TableMap, Rows, TransactionPayload, PayloadEnd, RowsQuery,
                               Incident, Heartbeat, Stop, StatementInput, Ignored>;

struct Event {
  EventHeader header;
  EventBody body;
};

}  // namespace wherry::wire::mysql
