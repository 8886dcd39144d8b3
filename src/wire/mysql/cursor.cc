#include "wire/mysql/cursor.h"

#include <utility>

#include "base/error.h"

namespace wherry::wire::mysql {

void throw_malformed(std::string why) {
  throw base::Error(base::ErrorKind::data_mismatch, "binlog.malformed", std::move(why));
}

void throw_too_short() { throw_malformed("the event ends in the middle of a field"); }

std::string_view Cursor::take_to_zero() {
  const std::size_t end = bytes_.find('\0');
  if (end == std::string_view::npos) throw_malformed("a text in the event has no end");
  const std::string_view text = take(end);
  skip(1);
  return text;
}

std::uint64_t Cursor::packed() {
  const std::uint8_t first = u8();
  switch (first) {
    case 251:  // NULL in a result row; never in an event
    case 255:
      throw_malformed("a packed integer in the event is not one");
    case 252:
      return little(2);
    case 253:
      return little(3);
    case 254:
      return little(8);
    default:
      return first;
  }
}

}  // namespace wherry::wire::mysql
