// Any bytes, taken for a binlog: events one after the other, each after two bytes of its length,
// and the rows of those that have a table. Whatever they are, the decoder gives events or throws
// base::Error.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "base/error.h"
#include "wire/mysql/captured_events.h"
#include "wire/mysql/log_reader.h"
#include "wire/mysql/row_layout.h"

namespace {

using namespace wherry::wire::mysql;

const wherry::model::TableSchema& schema_for(const TableMap& map) {
  static const std::map<std::size_t, wherry::model::TableSchema> by_columns{{3, captured::wide()},
                                                                            {10, captured::times()},
                                                                            {11, captured::strs()},
                                                                            {16, captured::nums()}};
  const auto found = by_columns.find(map.columns());
  return found == by_columns.end() ? by_columns.begin()->second : found->second;
}

// A log without checksums, so that the fuzzer need not find them.
std::string format(std::string_view hex) {
  std::string bytes = captured::bytes(hex);
  bytes[bytes.size() - 5] = 0;
  return bytes;
}

void take(const Event& event, std::map<std::uint64_t, TableMap>& maps) {
  if (const auto* map = std::get_if<TableMap>(&event.body)) {
    maps[map->table_id] = *map;
  } else if (const auto* rows = std::get_if<Rows>(&event.body)) {
    const auto map_of = maps.find(rows->table_id);
    if (map_of == maps.end()) return;
    const RowLayout layout(map_of->second, schema_for(map_of->second));
    auto out = layout.empty_event(1, rows->kind);
    layout.read(*rows, out);
  }
}

void run(std::string_view format_bytes, std::string_view bytes) {
  constexpr int most_inside = 100;  // a payload that unpacks to gigabytes is no use to a fuzzer
  LogReader reader(false);
  (void)reader.next([&] { return format_bytes; });
  std::map<std::uint64_t, TableMap> maps;
  std::string one;
  while (bytes.size() > 2) {
    const std::size_t length = static_cast<unsigned char>(bytes[0]) |
                               static_cast<std::size_t>(static_cast<unsigned char>(bytes[1])) << 8U;
    one = bytes.substr(2, length);
    bytes.remove_prefix(std::min(bytes.size(), length + 2));
    if (one.size() >= EventHeader::size) {
      for (unsigned i = 0; i < 4; ++i)
        one[9 + i] = static_cast<char>((one.size() >> (8 * i)) & 0xffU);
    }
    try {
      int left = most_inside;
      do {
        take(reader.next([&] { return std::string_view(one); }), maps);
      } while (reader.inside() && --left > 0);
    } catch (const wherry::base::Error&) {
      // what a broken log must end in
    }
    if (reader.inside()) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string mariadb = format(captured::mariadb::format);
  static const std::string oracle = format(captured::mysql57::format);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  run((bytes[0] & 1) != 0 ? mariadb : oracle, bytes.substr(1));
  return 0;
}
