#include "wire/mysql/table_map.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/error.h"

namespace wherry::wire::mysql {

namespace {

constexpr std::uint64_t most_columns = 4096;  // of any server

unsigned metadata_bytes(WireType type) {
  switch (type) {
    case WireType::tiny:
    case WireType::short_:
    case WireType::int24:
    case WireType::long_:
    case WireType::longlong:
    case WireType::year:
    case WireType::date:
    case WireType::newdate:
    case WireType::time:
    case WireType::datetime:
    case WireType::timestamp:
      return 0;
    case WireType::float_:
    case WireType::double_:
    case WireType::blob:
    case WireType::blob_compressed:
    case WireType::geometry:
    case WireType::json:
    case WireType::vector:
    case WireType::time2:
    case WireType::datetime2:
    case WireType::timestamp2:
      return 1;
    case WireType::varchar:
    case WireType::varchar_compressed:
    case WireType::bit:
    case WireType::newdecimal:
    case WireType::enum_:
    case WireType::set:
    case WireType::string:
      return 2;
    case WireType::typed_array:
      break;
  }
  throw base::Error(base::ErrorKind::not_supported, "binlog.column_type",
                    fmt::format("column type {} is not known", static_cast<unsigned>(type)));
}

// A CHAR longer than 255 bytes keeps two bits of its length, inverted, in the byte of its real
// type.
MappedColumn string_column(unsigned head, unsigned length) {
  constexpr unsigned type_bits = 0x30;
  if ((head & type_bits) != type_bits) {
    return {WireType{static_cast<std::uint8_t>(head | type_bits)},
            length | (((head & type_bits) ^ type_bits) << 4U)};
  }
  return {WireType{static_cast<std::uint8_t>(head)}, length};
}

MappedColumn read_column(WireType type, Cursor& metadata) {
  Cursor in(metadata.take(metadata_bytes(type)));
  MappedColumn c{type};
  switch (type) {
    case WireType::float_:
      if (in.u8() != 4) throw_malformed("a float is not of 4 bytes");
      break;
    case WireType::double_:
      if (in.u8() != 8) throw_malformed("a double is not of 8 bytes");
      break;
    case WireType::blob:
    case WireType::blob_compressed:
    case WireType::json:
    case WireType::geometry:
      c.length = in.u8();
      if (c.length < 1 || c.length > 4) throw_malformed("a blob's length is not of 1 to 4 bytes");
      break;
    case WireType::varchar:
    case WireType::varchar_compressed:
      c.length = in.u16();
      break;
    case WireType::bit: {
      const unsigned bits = in.u8();
      c.length = bits + 8U * in.u8();
      if (bits > 7 || c.length < 1 || c.length > 64)
        throw_malformed("a bit column is not of 1 to 64 bits");
      break;
    }
    case WireType::newdecimal:
      c.precision = in.u8();
      c.scale = in.u8();
      if (c.precision < 1 || c.precision > 65 || c.scale > c.precision) {
        throw_malformed("a decimal has an impossible precision");
      }
      break;
    case WireType::time2:
    case WireType::datetime2:
    case WireType::timestamp2:
      c.scale = in.u8();
      if (c.scale > 6) throw_malformed("a time has more than 6 fractional digits");
      break;
    case WireType::string: {
      const unsigned head = in.u8();
      c = string_column(head, in.u8());
      const bool is_enum = c.type == WireType::enum_ && (c.length == 1 || c.length == 2);
      const bool is_set = c.type == WireType::set && c.length >= 1 && c.length <= 8;
      if (!is_enum && !is_set && c.type != WireType::string) {
        throw_malformed("a fixed-length column is neither text nor enum nor set");
      }
      break;
    }
    case WireType::enum_:
    case WireType::set:
      throw_malformed("an enum or set is not told as a string");
    default:
      break;  // no metadata, or of a type that is refused later by name
  }
  return c;
}

bool is_numeric(WireType t) {
  switch (t) {
    case WireType::tiny:
    case WireType::short_:
    case WireType::int24:
    case WireType::long_:
    case WireType::longlong:
    case WireType::newdecimal:
    case WireType::float_:
    case WireType::double_:
      return true;
    default:
      return false;
  }
}

bool has_sign_in_mariadb(WireType t) { return is_numeric(t) || t == WireType::year; }

bool is_text(WireType t) {
  return t == WireType::string || t == WireType::varchar || t == WireType::blob ||
         t == WireType::blob_compressed || t == WireType::varchar_compressed;
}

bool has_collation_in_mariadb(WireType t) { return is_text(t) || t == WireType::geometry; }

std::size_t count(const std::vector<MappedColumn>& columns, bool (*is)(WireType)) {
  return static_cast<std::size_t>(
      std::count_if(columns.begin(), columns.end(), [&](const auto& c) { return is(c.type); }));
}

std::vector<bool> read_signs(Cursor in, std::size_t columns) {
  std::vector<bool> signs(columns);
  for (std::size_t i = 0; i < columns; i += 8) {
    const unsigned bits = in.u8();
    for (std::size_t j = 0; j < 8 && i + j < columns; ++j)
      signs[i + j] = ((bits << j) & 0x80U) != 0;
  }
  return signs;
}

// One collation for most columns, and the numbers of the others.
std::vector<std::uint64_t> read_default_collation(Cursor in, std::size_t columns) {
  std::vector<std::uint64_t> all(columns, in.packed());
  while (!in.at_end()) {
    const std::uint64_t column = in.packed();
    if (column >= columns) throw_malformed("a collation is of no column");
    all[column] = in.packed();
  }
  return all;
}

std::vector<std::uint64_t> read_collations(Cursor in, std::size_t columns) {
  std::vector<std::uint64_t> all(columns);
  for (auto& id : all) id = in.packed();
  return all;
}

std::vector<std::string> read_names(Cursor in, std::size_t columns) {
  std::vector<std::string> all(columns);
  for (auto& name : all) name = in.take(in.packed());
  return all;
}

std::vector<std::uint64_t> read_member_counts(Cursor in) {
  std::vector<std::uint64_t> all;
  while (!in.at_end()) {
    all.push_back(in.packed());
    for (std::uint64_t i = 0; i < all.back(); ++i) in.skip(in.packed());
  }
  return all;
}

}  // namespace

std::string MappedColumn::text() const {
  switch (type) {
    case WireType::tiny:
      return "tinyint";
    case WireType::short_:
      return "smallint";
    case WireType::int24:
      return "mediumint";
    case WireType::long_:
      return "int";
    case WireType::longlong:
      return "bigint";
    case WireType::float_:
      return "float";
    case WireType::double_:
      return "double";
    case WireType::year:
      return "year";
    case WireType::date:
    case WireType::newdate:
      return "date";
    case WireType::time:
      return "time (old form)";
    case WireType::datetime:
      return "datetime (old form)";
    case WireType::timestamp:
      return "timestamp (old form)";
    case WireType::time2:
      return fmt::format("time({})", scale);
    case WireType::datetime2:
      return fmt::format("datetime({})", scale);
    case WireType::timestamp2:
      return fmt::format("timestamp({})", scale);
    case WireType::bit:
      return fmt::format("bit({})", length);
    case WireType::newdecimal:
      return fmt::format("decimal({},{})", precision, scale);
    case WireType::varchar:
      return fmt::format("varchar({} bytes)", length);
    case WireType::string:
      return fmt::format("char({} bytes)", length);
    case WireType::blob:
      return fmt::format("blob (length of {} bytes)", length);
    case WireType::enum_:
      return fmt::format("enum of {} bytes", length);
    case WireType::set:
      return fmt::format("set of {} bytes", length);
    case WireType::json:
      return "json";
    case WireType::geometry:
      return "geometry";
    case WireType::vector:
      return "vector";
    case WireType::blob_compressed:
      return "blob compressed";
    case WireType::varchar_compressed:
      return "varchar compressed";
    case WireType::typed_array:
      return "typed array";
  }
  return fmt::format("type {}", static_cast<unsigned>(type));
}

bool TableMap::same_table(const TableMap& other) const {
  return schema == other.schema && table == other.table && types == other.types &&
         metadata == other.metadata && nullable == other.nullable && optional == other.optional;
}

TableMap read_table_map(Cursor in, unsigned post_header) {
  // Table numbers are of 6 bytes since MySQL 5.1.4; a fixed part of 6 bytes tells the older form.
  if (post_header < 8) throw_malformed("the fixed part of a TABLE_MAP is too short");
  TableMap m;
  m.table_id = in.little(6);
  m.flags = in.u16();
  in.skip(post_header - 8);
  m.schema = in.take(in.u8());
  if (in.u8() != 0) throw_malformed("the schema's name in a TABLE_MAP has no end");
  m.table = in.take(in.u8());
  if (in.u8() != 0) throw_malformed("the table's name in a TABLE_MAP has no end");
  const std::uint64_t columns = in.packed();
  if (columns == 0 || columns > most_columns)
    throw_malformed("a TABLE_MAP has an impossible number of columns");
  m.types = in.take(columns);
  m.metadata = in.take(in.packed());
  m.nullable = in.take((columns + 7) / 8);
  m.optional = in.take_all();
  return m;
}

std::vector<MappedColumn> read_columns(const TableMap& map) {
  std::vector<MappedColumn> columns;
  columns.reserve(map.columns());
  Cursor metadata(map.metadata);
  for (const char type : map.types) {
    columns.push_back(read_column(WireType{static_cast<std::uint8_t>(type)}, metadata));
  }
  if (!metadata.at_end()) throw_malformed("a TABLE_MAP has more metadata than columns");
  return columns;
}

OptionalMetadata read_optional(const TableMap& map, const std::vector<MappedColumn>& columns) {
  OptionalMetadata o;
  Cursor in(map.optional);
  while (!in.at_end()) {
    const std::uint8_t field = in.u8();
    const Cursor value(in.take(in.packed()));
    switch (field) {
      case 1:
        o.is_unsigned =
            read_signs(value, count(columns, map.mariadb ? has_sign_in_mariadb : is_numeric));
        break;
      case 2:
        o.collations = read_default_collation(
            value, count(columns, map.mariadb ? has_collation_in_mariadb : is_text));
        break;
      case 3:
        o.collations = read_collations(
            value, count(columns, map.mariadb ? has_collation_in_mariadb : is_text));
        break;
      case 4:
        o.names = read_names(value, columns.size());
        break;
      case 5:
        o.set_members = read_member_counts(value);
        break;
      case 6:
        o.enum_members = read_member_counts(value);
        break;
      default:
        break;  // the key, visibility, kinds of geometry: nothing a row's bytes depend on
    }
  }
  return o;
}

}  // namespace wherry::wire::mysql
