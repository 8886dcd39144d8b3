#pragma once
// For tests: events made by hand, byte by byte.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/mysql/captured_events.h"
#include "wire/mysql/event_header.h"

namespace wherry::wire::mysql {

inline std::string little(std::uint64_t value, unsigned bytes) {
  std::string out;
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
  return out;
}

// An event without a checksum.
inline std::string event_of(unsigned type, std::string_view body, unsigned flags = 0) {
  const std::size_t size = EventHeader::size + body.size();
  return little(1714566896, 4) + little(type, 1) + little(9, 4) + little(size, 4) +
         little(1000 + size, 4) + little(flags, 2) + std::string(body);
}

// A log of MySQL 5.7 without checksums.
inline std::string plain_format() {
  std::string bytes = captured::bytes(captured::mysql57::format);
  bytes[bytes.size() - 5] = 0;
  return bytes;
}

}  // namespace wherry::wire::mysql
