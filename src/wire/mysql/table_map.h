#pragma once
// TABLE_MAP: what the server says about a table whose rows follow. Owns its bytes: it outlives its
// event. Tables nobody asks about are read no further than this; row_layout.h checks a map against
// a schema. Malformed bytes: Error(data_mismatch, "binlog.malformed").

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "wire/mysql/cursor.h"
#include "wire/mysql/json.h"

namespace wherry::wire::mysql {

// Column types as TABLE_MAP numbers them.
enum class WireType : std::uint8_t {
  tiny = 1,
  short_ = 2,
  long_ = 3,
  float_ = 4,
  double_ = 5,
  timestamp = 7,
  longlong = 8,
  int24 = 9,
  date = 10,
  time = 11,
  datetime = 12,
  year = 13,
  newdate = 14,
  varchar = 15,
  bit = 16,
  timestamp2 = 17,
  datetime2 = 18,
  time2 = 19,
  typed_array = 20,
  blob_compressed = 140,  // MariaDB: COMPRESSED columns
  varchar_compressed = 141,
  vector = 242,
  json = 245,
  newdecimal = 246,
  enum_ = 247,  // these two come as `string` with themselves in its metadata
  set = 248,
  blob = 252,
  string = 254,
  geometry = 255,
};

struct MappedColumn {
  WireType type{};              // enum_ and set, not `string`, for those
  std::uint32_t length = 0;     // varchar, string: bytes; enum_, set: bytes of a value; blob, json,
                                // geometry: bytes of
                                // its length; bit: bits
  std::uint32_t precision = 0;  // newdecimal
  std::uint32_t scale = 0;      // newdecimal; digits of the second for time2, datetime2, timestamp2
  std::string text() const;     // "varchar(80 bytes)"
};

struct TableMap {
  bool mariadb = false;  // who wrote it; the two count different columns as numeric in `optional`
  JsonStyle json;        // how that server prints it
  std::uint64_t table_id = 0;
  std::uint16_t flags = 0;
  std::string schema;
  std::string table;
  std::string types;     // one byte a column
  std::string metadata;  // of all columns, one after the other
  std::string nullable;  // a bit a column, the first column lowest
  std::string optional;  // binlog_row_metadata; empty for servers before MySQL 8.0 and MariaDB 10.5

  std::size_t columns() const { return types.size(); }
  // Equal maps of one table are read alike; table_id apart.
  bool same_table(const TableMap& other) const;
};

// What binlog_row_metadata adds; each part is there or not. The vectors are as long as the kinds of
// column they are about are many, in table order.
struct OptionalMetadata {
  std::optional<std::vector<bool>>
      is_unsigned;  // integer, decimal, float, double columns (MariaDB: and year)
  std::optional<std::vector<std::uint64_t>>
      collations;                                 // string, varchar, blob columns: collation ids
  std::optional<std::vector<std::string>> names;  // all columns
  std::optional<std::vector<std::uint64_t>> set_members;  // set columns: how many members
  std::optional<std::vector<std::uint64_t>> enum_members;
};

// `post_header` is the length of the fixed part, from FORMAT_DESCRIPTION.
TableMap read_table_map(Cursor in, unsigned post_header);
// Throws Error(not_supported, "binlog.column_type") at a type whose metadata is not known.
std::vector<MappedColumn> read_columns(const TableMap& map);
OptionalMetadata read_optional(const TableMap& map, const std::vector<MappedColumn>& columns);

}  // namespace wherry::wire::mysql
