#include "wire/mysql/decoder.h"

#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

#include "base/error.h"
#include "wire/mysql/compression.h"
#include "wire/mysql/gtid.h"
#include "wire/mysql/payload_events.h"

namespace wherry::wire::mysql {

namespace {

constexpr std::size_t checksum_bytes = 4;

[[noreturn]] void refuse(std::string code, std::string why) {
  throw base::Error(base::ErrorKind::not_supported, std::move(code), std::move(why));
}

std::uint32_t crc(std::string_view bytes, std::uint32_t so_far = 0) {
  // zlib's interface is of bytes, ours of chars.
  return static_cast<std::uint32_t>(
      crc32_z(so_far, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

struct RowsForm {
  Rows::Kind kind;
  bool second_version;
  bool compressed;
};

RowsForm form_of(EventType type) {
  using K = Rows::Kind;
  switch (type) {
    case EventType::write_rows_v1:
      return {K::write, false, false};
    case EventType::update_rows_v1:
      return {K::update, false, false};
    case EventType::delete_rows_v1:
      return {K::remove, false, false};
    case EventType::write_rows_v2:
      return {K::write, true, false};
    case EventType::update_rows_v2:
      return {K::update, true, false};
    case EventType::delete_rows_v2:
      return {K::remove, true, false};
    case EventType::write_rows_compressed_v1:
      return {K::write, false, true};
    case EventType::update_rows_compressed_v1:
      return {K::update, false, true};
    case EventType::delete_rows_compressed_v1:
      return {K::remove, false, true};
    case EventType::write_rows_compressed_v2:
      return {K::write, true, true};
    case EventType::update_rows_compressed_v2:
      return {K::update, true, true};
    default:
      return {K::remove, true, true};
  }
}

// 8 of "8.0.36-log"; 0 if it begins with no number.
unsigned major_version(std::string_view text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// What tells about logs, servers and GTIDs is never compressed; nor does a payload hold another.
bool belongs_inside(EventType type) {
  switch (type) {
    case EventType::format_description:
    case EventType::rotate:
    case EventType::stop:
    case EventType::incident:
    case EventType::heartbeat:
    case EventType::heartbeat_v2:
    case EventType::mysql_gtid:
    case EventType::anonymous_gtid:
    case EventType::tagged_gtid:
    case EventType::previous_gtids:
    case EventType::mariadb_gtid:
    case EventType::gtid_list:
    case EventType::binlog_checkpoint:
    case EventType::start_encryption:
    case EventType::transaction_payload:
      return false;
    default:
      return true;
  }
}

Rotate read_rotate(Cursor in) {
  Rotate r;
  r.offset = in.u64();
  r.log = in.take_all();
  if (r.log.empty() || r.log.find('\0') != std::string_view::npos) {
    throw_malformed("a ROTATE names no log");
  }
  return r;
}

BinlogCheckpoint read_checkpoint(Cursor in) {
  const std::uint32_t length = in.u32();
  return {in.take(length)};
}

Incident read_incident(Cursor in) {
  Incident i;
  i.number = in.u16();
  const std::uint8_t length = in.u8();
  i.message = in.take(length);
  return i;
}

RowsQuery read_rows_query(Cursor in) {
  in.skip(1);  // the statement's length if it fits into a byte; the true length is the event's
  return {in.take_all()};
}

XaPrepare read_xa_prepare(Cursor in) {
  XaPrepare x;
  x.one_phase = in.u8() != 0;
  x.format = in.u32();
  const std::uint32_t global_length = in.u32();
  const std::uint32_t branch_length = in.u32();
  x.global_id = in.take(global_length);
  x.branch_id = in.take(branch_length);
  return x;
}

StartEncryption read_start_encryption(Cursor in) {
  StartEncryption e;
  e.scheme = in.u8();
  e.key_version = in.u32();
  return e;
}

}  // namespace

Event BinlogDecoder::decode(std::string_view bytes) {
  Cursor in(bytes);
  Event event;
  event.header = EventHeader::read(in);
  const EventHeader& header = event.header;
  try {
    if (header.event_size != bytes.size()) {
      throw_malformed(
          fmt::format("an event of {} bytes came as {}", header.event_size, bytes.size()));
    }
    if (header.type == EventType::format_description) {
      FormatDescription f = format_description(in);
      checksummed_ = f.checksummed;
      mariadb_ = f.mariadb;
      json_.point = !f.mariadb && major_version(f.server_version) >= 8;
      post_header_lengths_ = f.post_header_lengths;
      if (checksummed_) verify_checksum(header, bytes);
      event.body = std::move(f);
      return event;
    }
    if (checksummed_) {
      verify_checksum(header, bytes);
      in = Cursor(in.take(in.left() - checksum_bytes));
    }
    event.body = body(header, in);
  } catch (const base::Error& e) {
    throw e.within(header.text());
  }
  return event;
}

Event BinlogDecoder::decode_inside(std::string_view bytes, const EventHeader& payload) {
  Cursor in(bytes);
  Event event;
  event.header = EventHeader::read(in);
  EventHeader& header = event.header;
  try {
    if (header.event_size != bytes.size()) throw_malformed("an event is not as long as it says");
    if (!belongs_inside(header.type)) {
      throw_malformed("an event of this type stands inside a compressed transaction");
    }
    event.body = body(header, in);
  } catch (const base::Error& e) {
    throw e.within(header.text() + " in " + payload.text());
  }
  header.event_size = 0;
  header.end_position = payload.end_position;
  return event;
}

void BinlogDecoder::verify_checksum(const EventHeader& header, std::string_view bytes) const {
  if (bytes.size() < EventHeader::size + checksum_bytes) throw_too_short();
  const std::string_view covered = bytes.substr(0, bytes.size() - checksum_bytes);
  const std::uint32_t wanted = Cursor(bytes.substr(covered.size())).u32();
  std::uint32_t found = 0;
  if (header.type == EventType::format_description) {
    // The flag of a log in use is set and cleared in place, and no part of the sum.
    constexpr std::size_t flags_at = 17;
    std::string head(covered.substr(0, EventHeader::size));
    head[flags_at] = static_cast<char>(header.flags & 0xffU & ~unsigned{EventHeader::in_use_flag});
    found = crc(covered.substr(EventHeader::size), crc(head));
  } else {
    found = crc(covered);
  }
  if (found != wanted) {
    throw base::Error(base::ErrorKind::data_mismatch, "binlog.checksum",
                      fmt::format("the event's CRC32 is {:08x} and must be {:08x}", found, wanted));
  }
}

FormatDescription BinlogDecoder::format_description(Cursor in) {
  constexpr std::size_t version_bytes = 50;
  constexpr std::size_t tail = 1 + checksum_bytes;  // algorithm, and a CRC32 or its place
  if (in.u16() != 4) refuse("binlog.version", "the log is not of version 4 (MySQL 5.0 and later)");
  FormatDescription f;
  const std::string_view version = in.take(version_bytes);
  f.server_version = version.substr(0, version.find('\0'));
  f.mariadb = f.server_version.find("MariaDB") != std::string::npos;
  in.skip(4);  // when the log was made
  if (in.u8() != EventHeader::size) refuse("binlog.version", "event headers are not of 19 bytes");
  if (in.left() < tail + static_cast<unsigned>(EventType::delete_rows_v1)) {
    refuse("binlog.version",
           fmt::format("logs of server {} say nothing of checksums (MySQL before 5.6.1)",
                       f.server_version));
  }
  const std::string_view lengths = in.take(in.left() - tail);
  f.post_header_lengths.assign(lengths.begin(), lengths.end());
  const std::uint8_t algorithm = in.u8();
  constexpr std::uint8_t undefined = 255;
  if (algorithm > 1 && algorithm != undefined) {
    refuse("binlog.version", fmt::format("checksum algorithm {} is not known", algorithm));
  }
  f.checksummed = algorithm == 1;
  return f;
}

unsigned BinlogDecoder::post_header(EventType type) const {
  const auto number = static_cast<std::size_t>(type);
  if (number > post_header_lengths_.size()) {
    throw_malformed("the log's FORMAT_DESCRIPTION does not tell of this type, or has not come");
  }
  return post_header_lengths_[number - 1];
}

Rows BinlogDecoder::rows(EventType type, Cursor in) {
  const RowsForm form = form_of(type);
  const unsigned fixed = post_header(type);
  const unsigned known = form.second_version ? 10 : 8;
  if (fixed < known) throw_malformed("the fixed part of a rows event is too short");
  Rows r;
  r.kind = form.kind;
  r.table_id = in.little(6);
  r.flags = in.u16();
  if (form.second_version) {
    const std::uint16_t extra = in.u16();  // its own two bytes included
    if (extra < 2) throw_malformed("the extra part of a rows event is too short");
    in.skip(extra - 2U);
  }
  in.skip(fixed - known);
  r.columns = in.packed();
  if (r.columns > 4096) throw_malformed("a rows event has an impossible number of columns");
  r.present = in.take((r.columns + 7) / 8);
  if (r.kind == Rows::Kind::update) r.present_after = in.take((r.columns + 7) / 8);
  r.images = in.take_all();
  if (form.compressed) {
    buffer_ = uncompress(r.images);
    r.images = buffer_;
  }
  return r;
}

EventBody BinlogDecoder::body(const EventHeader& header, Cursor in) {
  switch (header.type) {
    case EventType::format_description:
      break;  // read before
    case EventType::rotate:
      return read_rotate(in);
    case EventType::mariadb_gtid:
      return read_mariadb_gtid(in);
    case EventType::gtid_list:
      return read_gtid_list(in);
    case EventType::binlog_checkpoint:
      return read_checkpoint(in);
    case EventType::annotate_rows:
      return AnnotateRows{in.take_all()};
    case EventType::start_encryption:
      return read_start_encryption(in);
    case EventType::mysql_gtid:
      return read_mysql_gtid(in, false);
    case EventType::anonymous_gtid:
      return read_mysql_gtid(in, true);
    case EventType::previous_gtids:
      return read_previous_gtids(in);
    case EventType::query:
      return read_query(in, post_header(header.type), false, buffer_);
    case EventType::query_compressed:
      return read_query(in, post_header(header.type), true, buffer_);
    case EventType::xid:
      return Xid{in.u64()};
    case EventType::xa_prepare:
      return read_xa_prepare(in);
    case EventType::table_map: {
      TableMap map = read_table_map(in, post_header(header.type));
      map.mariadb = mariadb_;
      map.json = json_;
      return map;
    }
    case EventType::write_rows_v1:
    case EventType::update_rows_v1:
    case EventType::delete_rows_v1:
    case EventType::write_rows_v2:
    case EventType::update_rows_v2:
    case EventType::delete_rows_v2:
    case EventType::write_rows_compressed_v1:
    case EventType::update_rows_compressed_v1:
    case EventType::delete_rows_compressed_v1:
    case EventType::write_rows_compressed_v2:
    case EventType::update_rows_compressed_v2:
    case EventType::delete_rows_compressed_v2:
      return rows(header.type, in);
    case EventType::rows_query:
      return read_rows_query(in);
    case EventType::incident:
      return read_incident(in);
    case EventType::heartbeat:
      return Heartbeat{in.take_all()};
    case EventType::heartbeat_v2:
      return Heartbeat{};  // where it stands is told in fields that nobody needs
    case EventType::stop:
      return Stop{};
    case EventType::intvar:
    case EventType::rand:
    case EventType::user_var:
      return StatementInput{};
    case EventType::ignorable:
    case EventType::transaction_context:
    case EventType::view_change:
      return Ignored{};
    case EventType::load:
    case EventType::create_file:
    case EventType::append_block:
    case EventType::exec_load:
    case EventType::delete_file:
    case EventType::new_load:
    case EventType::begin_load_query:
    case EventType::execute_load_query:
      refuse("binlog.load_event",
             "LOAD DATA was logged in statement format; set binlog_format=ROW for every session");
    case EventType::partial_update_rows:
      refuse("binlog.partial_update",
             "JSON changes were logged in part; set binlog_row_value_options='' on the source");
    case EventType::transaction_payload:
      return read_transaction_payload(in);
    case EventType::tagged_gtid:
      refuse("binlog.tagged_gtid",
             "the source uses tagged GTIDs (MySQL 8.3), which are not carried");
  }
  if (header.ignorable()) return Ignored{};
  refuse("binlog.event", "an event of this type is not carried and may not be skipped");
}

}  // namespace wherry::wire::mysql
