#pragma once
// A binlog stream's bytes into events, one at a time; no I/O. It knows what FORMAT_DESCRIPTION
// said: whether events are checksummed (CRC32, verified here) and how long their fixed parts are.
// One decoder a stream; not thread-safe. Errors, all told with the event's name, type number and
// end position:
//   data_mismatch  "binlog.malformed"        the bytes are not an event
//   data_mismatch  "binlog.checksum"         they were changed on their way or on disk
//   not_supported  "binlog.event"            an event that may change rows and is not carried, or
//   an unknown one that its
//                                            server does not call ignorable: never skipped
//   not_supported  "binlog.load_event", "binlog.compressed_transaction", "binlog.partial_update",
//   "binlog.tagged_gtid"
// A compressed transaction is one event; what is in it is decoded by decode_inside().

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mysql/events.h"

namespace wherry::wire::mysql {

class BinlogDecoder {
 public:
  // `checksummed`: events before the first FORMAT_DESCRIPTION (the artificial ROTATE a stream
  // begins with) end with a CRC32, as they do when the reader has asked its server for them.
  explicit BinlogDecoder(bool checksummed) : checksummed_(checksummed) {}

  // `bytes` is one whole event as it is in the log. The event's views live until the next call and
  // as long as `bytes`.
  Event decode(std::string_view bytes);

  // One event out of a TRANSACTION_PAYLOAD (payload_events.h), whose header is `payload`. It has no
  // checksum and no place of its own: it ends where the payload does, and takes no room in the log.
  Event decode_inside(std::string_view bytes, const EventHeader& payload);

 private:
  EventBody body(const EventHeader& header, Cursor in);
  FormatDescription format_description(Cursor in);
  Rows rows(EventType type, Cursor in);
  unsigned post_header(EventType type) const;
  void verify_checksum(const EventHeader& header, std::string_view bytes) const;

  bool checksummed_;
  bool mariadb_ = false;
  JsonStyle json_;
  std::vector<std::uint8_t> post_header_lengths_;
  std::string buffer_;  // what was compressed in the last event
};

}  // namespace wherry::wire::mysql
