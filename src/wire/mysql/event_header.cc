#include "wire/mysql/event_header.h"

#include <fmt/format.h>

namespace wherry::wire::mysql {

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::query:
      return "QUERY";
    case EventType::stop:
      return "STOP";
    case EventType::rotate:
      return "ROTATE";
    case EventType::intvar:
      return "INTVAR";
    case EventType::load:
      return "LOAD";
    case EventType::create_file:
      return "CREATE_FILE";
    case EventType::append_block:
      return "APPEND_BLOCK";
    case EventType::exec_load:
      return "EXEC_LOAD";
    case EventType::delete_file:
      return "DELETE_FILE";
    case EventType::new_load:
      return "NEW_LOAD";
    case EventType::rand:
      return "RAND";
    case EventType::user_var:
      return "USER_VAR";
    case EventType::format_description:
      return "FORMAT_DESCRIPTION";
    case EventType::xid:
      return "XID";
    case EventType::begin_load_query:
      return "BEGIN_LOAD_QUERY";
    case EventType::execute_load_query:
      return "EXECUTE_LOAD_QUERY";
    case EventType::table_map:
      return "TABLE_MAP";
    case EventType::write_rows_v1:
      return "WRITE_ROWS_V1";
    case EventType::update_rows_v1:
      return "UPDATE_ROWS_V1";
    case EventType::delete_rows_v1:
      return "DELETE_ROWS_V1";
    case EventType::incident:
      return "INCIDENT";
    case EventType::heartbeat:
      return "HEARTBEAT";
    case EventType::ignorable:
      return "IGNORABLE";
    case EventType::rows_query:
      return "ROWS_QUERY";
    case EventType::write_rows_v2:
      return "WRITE_ROWS";
    case EventType::update_rows_v2:
      return "UPDATE_ROWS";
    case EventType::delete_rows_v2:
      return "DELETE_ROWS";
    case EventType::mysql_gtid:
      return "GTID";
    case EventType::anonymous_gtid:
      return "ANONYMOUS_GTID";
    case EventType::previous_gtids:
      return "PREVIOUS_GTIDS";
    case EventType::transaction_context:
      return "TRANSACTION_CONTEXT";
    case EventType::view_change:
      return "VIEW_CHANGE";
    case EventType::xa_prepare:
      return "XA_PREPARE";
    case EventType::partial_update_rows:
      return "PARTIAL_UPDATE_ROWS";
    case EventType::transaction_payload:
      return "TRANSACTION_PAYLOAD";
    case EventType::heartbeat_v2:
      return "HEARTBEAT_V2";
    case EventType::tagged_gtid:
      return "GTID_TAGGED";
    case EventType::annotate_rows:
      return "ANNOTATE_ROWS";
    case EventType::binlog_checkpoint:
      return "BINLOG_CHECKPOINT";
    case EventType::mariadb_gtid:
      return "MARIADB_GTID";
    case EventType::gtid_list:
      return "GTID_LIST";
    case EventType::start_encryption:
      return "START_ENCRYPTION";
    case EventType::query_compressed:
      return "QUERY_COMPRESSED";
    case EventType::write_rows_compressed_v1:
      return "WRITE_ROWS_COMPRESSED_V1";
    case EventType::update_rows_compressed_v1:
      return "UPDATE_ROWS_COMPRESSED_V1";
    case EventType::delete_rows_compressed_v1:
      return "DELETE_ROWS_COMPRESSED_V1";
    case EventType::write_rows_compressed_v2:
      return "WRITE_ROWS_COMPRESSED";
    case EventType::update_rows_compressed_v2:
      return "UPDATE_ROWS_COMPRESSED";
    case EventType::delete_rows_compressed_v2:
      return "DELETE_ROWS_COMPRESSED";
  }
  return {};
}

std::string EventHeader::text() const {
  const std::string_view name = to_string(type);
  return fmt::format("{} (type {}) ending at {}", name.empty() ? "an unknown event" : name,
                     static_cast<unsigned>(type), end_position);
}

EventHeader EventHeader::read(Cursor& in) {
  EventHeader h;
  h.unix_time = in.u32();
  h.type = EventType{in.u8()};
  h.server_id = in.u32();
  h.event_size = in.u32();
  h.end_position = in.u32();
  h.flags = in.u16();
  return h;
}

}  // namespace wherry::wire::mysql
