#pragma once
// The 19 bytes every binlog event begins with, and the numbers of the event types.
// Sources: MySQL internals manual "Binlog Event Types"; MariaDB knowledge base "Replication
// protocol". Values.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/mysql/cursor.h"

namespace wherry::wire::mysql {

enum class EventType : std::uint8_t {
  query = 2,
  stop = 3,
  rotate = 4,
  intvar = 5,
  load = 6,
  create_file = 8,
  append_block = 9,
  exec_load = 10,
  delete_file = 11,
  new_load = 12,
  rand = 13,
  user_var = 14,
  format_description = 15,
  xid = 16,
  begin_load_query = 17,
  execute_load_query = 18,
  table_map = 19,
  write_rows_v1 = 23,
  update_rows_v1 = 24,
  delete_rows_v1 = 25,
  incident = 26,
  heartbeat = 27,
  ignorable = 28,
  rows_query = 29,
  write_rows_v2 = 30,
  update_rows_v2 = 31,
  delete_rows_v2 = 32,
  mysql_gtid = 33,
  anonymous_gtid = 34,
  previous_gtids = 35,
  transaction_context = 36,
  view_change = 37,
  xa_prepare = 38,
  partial_update_rows = 39,
  transaction_payload = 40,
  heartbeat_v2 = 41,
  tagged_gtid = 42,
  annotate_rows = 160,
  binlog_checkpoint = 161,
  mariadb_gtid = 162,
  gtid_list = 163,
  start_encryption = 164,
  query_compressed = 165,
  write_rows_compressed_v1 = 166,
  update_rows_compressed_v1 = 167,
  delete_rows_compressed_v1 = 168,
  write_rows_compressed_v2 = 169,
  update_rows_compressed_v2 = 170,
  delete_rows_compressed_v2 = 171,
};
// "TABLE_MAP"; empty for a number that is none of the above.
std::string_view to_string(EventType type);

struct EventHeader {
  static constexpr std::size_t size = 19;
  static constexpr std::uint16_t in_use_flag =
      0x01;  // of a FORMAT_DESCRIPTION whose log is being written
  static constexpr std::uint16_t artificial_flag = 0x20;  // made for this stream; not in the log
  static constexpr std::uint16_t ignorable_flag =
      0x80;  // a reader that does not know the type may skip it

  std::uint32_t unix_time = 0;
  EventType type{};
  std::uint32_t server_id = 0;
  std::uint32_t event_size = 0;    // header, body and checksum
  std::uint32_t end_position = 0;  // in its log, modulo 2^32; 0 for artificial events
  std::uint16_t flags = 0;

  bool artificial() const { return (flags & artificial_flag) != 0 || end_position == 0; }
  bool ignorable() const { return (flags & ignorable_flag) != 0; }
  std::string text() const;  // "TABLE_MAP (type 19) ending at 1234"

  static EventHeader read(Cursor& in);
};

}  // namespace wherry::wire::mysql
