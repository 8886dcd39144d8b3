#include "wire/mysql/row_layout.h"

#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "wire/mysql/compression.h"
#include "wire/mysql/number.h"
#include "wire/mysql/temporal.h"

namespace wherry::wire::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::ColumnType;

constexpr std::uint64_t binary_collation = 63;

std::string definition(const std::vector<MappedColumn>& columns) {
  std::string text;
  for (const auto& c : columns) text += (text.empty() ? "" : ", ") + c.text();
  return text;
}

std::string definition(const model::TableSchema& schema) {
  std::string text;
  for (const auto& c : schema.columns) {
    text +=
        (text.empty() ? "" : ", ") + base::printable(c.name) + " " + base::printable(c.declared);
  }
  return text;
}

[[noreturn]] void throw_mismatch(const std::vector<MappedColumn>& wire,
                                 const model::TableSchema& schema, const std::string& where) {
  throw Error(
      ErrorKind::data_mismatch, "binlog.schema_mismatch",
      fmt::format("table {} is not in the log as it is known: {}; in the log: ({}); known: ({})",
                  schema.name.text(), where, definition(wire), definition(schema)));
}

bool is_numeric(ColumnType t) {
  switch (t) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::integer:
    case ColumnType::bigint:
    case ColumnType::decimal:
    case ColumnType::float_:
    case ColumnType::double_:
      return true;
    default:
      return false;
  }
}

bool is_bytes(ColumnType t) {
  return t == ColumnType::binary || t == ColumnType::varbinary || t == ColumnType::blob;
}

bool is_text(ColumnType t) {
  return t == ColumnType::char_ || t == ColumnType::varchar || t == ColumnType::text;
}

bool is_carried(WireType t) { return t != WireType::vector && t != WireType::typed_array; }

// MariaDB keeps these as fixed bytes, and its log tells them so.
bool is_fixed_bytes(ColumnType t) {
  return t == ColumnType::uuid || t == ColumnType::inet4 || t == ColumnType::inet6;
}

// Bytes of the length in front of a blob or text that holds at most `length` bytes.
unsigned blob_length_bytes(std::uint64_t length) {
  if (length <= 0xff) return 1;
  if (length <= 0xffff) return 2;
  if (length <= 0xffffff) return 3;
  return 4;
}

unsigned enum_bytes(std::uint32_t members) { return members <= 0xff ? 1 : 2; }

unsigned set_bytes(std::uint32_t members) {
  const unsigned bytes = (members + 7) / 8;
  return bytes > 4 ? 8 : bytes;
}

bool bit_of(std::string_view bits, std::size_t i) {
  return ((static_cast<unsigned char>(bits[i / 8]) >> (i % 8)) & 1U) != 0;
}

}  // namespace

RowLayout::RowLayout(const TableMap& map, const model::TableSchema& schema)
    : table_(schema.name.text()), json_style_(map.json) {
  for (const auto& c : schema.columns) {
    if (c.type == ColumnType::unsupported) {
      throw Error(ErrorKind::not_supported, "binlog.column_type",
                  fmt::format("column {} of table {} is of type {}, which is not carried",
                              base::printable(c.name), table_, base::printable(c.declared)));
    }
  }
  std::vector<MappedColumn> wire;
  try {
    wire = read_columns(map);
  } catch (const Error& e) {
    throw e.within("table " + table_);
  }
  if (wire.size() != schema.columns.size()) {
    throw_mismatch(wire, schema,
                   fmt::format("{} columns and {}", wire.size(), schema.columns.size()));
  }
  columns_.reserve(wire.size());
  for (std::size_t i = 0; i < wire.size(); ++i) {
    const model::Column& known = schema.columns[i];
    const std::string name = base::printable(known.name);
    if (!is_carried(wire[i].type)) {
      throw Error(ErrorKind::not_supported, "binlog.column_type",
                  fmt::format("column {} of table {} is logged as {}, which is not carried", name,
                              table_, wire[i].text()));
    }
    if (!agree(wire[i], known)) throw_mismatch(wire, schema, fmt::format("column {}", name));
    columns_.push_back(column_of(wire[i], known));
    names_.push_back(name);
    generated_.push_back(known.generated);
  }
  check_optional(map, wire, schema);
}

bool RowLayout::agree(const MappedColumn& wire, const model::Column& known) {
  const WireType w = wire.type;
  switch (known.type) {
    case ColumnType::tinyint:
      return w == WireType::tiny;
    case ColumnType::smallint:
      return w == WireType::short_;
    case ColumnType::mediumint:
      return w == WireType::int24;
    case ColumnType::integer:
      return w == WireType::long_;
    case ColumnType::bigint:
      return w == WireType::longlong;
    case ColumnType::decimal:
      return w == WireType::newdecimal && wire.precision == known.precision &&
             wire.scale == known.scale;
    case ColumnType::float_:
      return w == WireType::float_;
    case ColumnType::double_:
      return w == WireType::double_;
    case ColumnType::bit:
      return w == WireType::bit && wire.length == known.length;
    case ColumnType::year:
      return w == WireType::year;
    case ColumnType::json:
      return w == WireType::json && wire.length == 4;
    case ColumnType::geometry:
      return w == WireType::geometry && wire.length == 4;
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
      return w == WireType::string && wire.length == known.length;
    case ColumnType::date:
      return w == WireType::date || w == WireType::newdate;
    case ColumnType::time:
      return w == WireType::time || (w == WireType::time2 && wire.scale == known.fraction);
    case ColumnType::datetime:
      return w == WireType::datetime || (w == WireType::datetime2 && wire.scale == known.fraction);
    case ColumnType::timestamp:
      return w == WireType::timestamp ||
             (w == WireType::timestamp2 && wire.scale == known.fraction);
    case ColumnType::char_:
    case ColumnType::binary:
      return w == WireType::string && wire.length == known.length;
    case ColumnType::varchar:
    case ColumnType::varbinary:
      // A compressed value has a byte in front that says how.
      return (w == WireType::varchar && wire.length == known.length) ||
             (w == WireType::varchar_compressed && wire.length == known.length + 1);
    case ColumnType::text:
      // What a MariaDB makes of a statement with JSON in MySQL's log.
      if (w == WireType::json) return wire.length == blob_length_bytes(known.length);
      [[fallthrough]];
    case ColumnType::blob:
      return (w == WireType::blob || w == WireType::blob_compressed) &&
             wire.length == blob_length_bytes(known.length);
    case ColumnType::enum_:
      return w == WireType::enum_ && wire.length == enum_bytes(known.member_count);
    case ColumnType::set:
      return w == WireType::set && wire.length == set_bytes(known.member_count);
    case ColumnType::unsupported:
      return false;
  }
  return false;
}

// Requires: agree(wire, known).
RowLayout::Column RowLayout::column_of(const MappedColumn& wire, const model::Column& known) {
  const bool u = known.is_unsigned;
  switch (wire.type) {
    case WireType::tiny:
      return {Form::integer, u, 1};
    case WireType::short_:
      return {Form::integer, u, 2};
    case WireType::int24:
      return {Form::integer, u, 3};
    case WireType::long_:
      return {Form::integer, u, 4};
    case WireType::longlong:
      return {Form::integer, u, 8};
    case WireType::float_:
      return {Form::float_};
    case WireType::double_:
      return {Form::double_};
    case WireType::newdecimal:
      return {Form::decimal, false, wire.precision, wire.scale};
    case WireType::bit:
      return {Form::bit, false, wire.length};
    case WireType::year:
      return {Form::year, false, 0, known.length == 2 ? 2U : 4U};
    case WireType::date:
    case WireType::newdate:
      return {Form::date};
    case WireType::time:
      return {known.fraction == 0 ? Form::time_old : Form::time_hires, false, 0, known.fraction};
    case WireType::datetime:
      return {known.fraction == 0 ? Form::datetime_old : Form::datetime_hires, false, 0,
              known.fraction};
    case WireType::timestamp:
      return {known.fraction == 0 ? Form::timestamp_old : Form::timestamp_hires, false, 0,
              known.fraction};
    case WireType::time2:
      return {Form::time2, false, 0, wire.scale};
    case WireType::datetime2:
      return {Form::datetime2, false, 0, wire.scale};
    case WireType::timestamp2:
      return {Form::timestamp2, false, 0, wire.scale};
    case WireType::varchar:
    case WireType::string:
      return {known.type == ColumnType::binary || is_fixed_bytes(known.type) ? Form::padded_bytes
                                                                             : Form::bytes,
              false, wire.length > 255 ? 2U : 1U, 0, wire.length};
    case WireType::varchar_compressed:
      return {Form::compressed, false, wire.length > 255 ? 2U : 1U, 0, known.length};
    case WireType::blob:
    case WireType::geometry:
      return {Form::bytes, false, wire.length, 0, known.length};
    case WireType::blob_compressed:
      return {Form::compressed, false, wire.length, 0, known.length};
    case WireType::json:
      return {known.type == ColumnType::json ? Form::typed_json : Form::json, false, wire.length, 0,
              known.length};
    case WireType::enum_:
    case WireType::set:
      return {Form::integer, true, wire.length};
    default:
      throw Error(ErrorKind::internal, "binlog.layout", "a column of a type that is not carried");
  }
}

// What only binlog_row_metadata tells. Its absence proves nothing and is no error.
void RowLayout::check_optional(const TableMap& map, const std::vector<MappedColumn>& wire,
                               const model::TableSchema& schema) const {
  const OptionalMetadata o = read_optional(map, wire);
  std::size_t numeric = 0;
  std::size_t texts = 0;
  std::size_t enums = 0;
  std::size_t sets = 0;
  for (std::size_t i = 0; i < wire.size(); ++i) {
    const model::Column& known = schema.columns[i];
    if (o.names && (*o.names)[i] != known.name) {
      throw_mismatch(wire, schema,
                     fmt::format("column {} is named {} in the log", names_[i],
                                 base::printable((*o.names)[i])));
    }
    if (is_numeric(known.type)) {
      if (o.is_unsigned && (*o.is_unsigned)[numeric] != known.is_unsigned) {
        throw_mismatch(wire, schema,
                       fmt::format("column {} is {} in the log", names_[i],
                                   known.is_unsigned ? "signed" : "unsigned"));
      }
      ++numeric;
    } else if (map.mariadb && known.type == ColumnType::year) {
      ++numeric;
    }
    if (wire[i].type == WireType::json) {
      // Not counted among them, whatever it is known as.
    } else if (is_text(known.type) || is_bytes(known.type)) {
      if (o.collations && ((*o.collations)[texts] == binary_collation) != is_bytes(known.type)) {
        throw_mismatch(wire, schema,
                       fmt::format("column {} holds {} in the log", names_[i],
                                   is_bytes(known.type) ? "text" : "bytes"));
      }
      ++texts;
    } else if (map.mariadb && (known.type == ColumnType::geometry || is_fixed_bytes(known.type))) {
      ++texts;  // said of them as well, and means nothing
    }
    const auto check_members = [&](const auto& members, std::size_t which) {
      if (!members) return;
      if (which >= members->size() || (*members)[which] != known.member_count) {
        throw_mismatch(wire, schema,
                       fmt::format("column {} has other members in the log", names_[i]));
      }
    };
    if (known.type == ColumnType::enum_) check_members(o.enum_members, enums++);
    if (known.type == ColumnType::set) check_members(o.set_members, sets++);
  }
}

model::RowEvent RowLayout::empty_event(model::CollectionId collection, Rows::Kind kind) const {
  model::RowEvent e;
  e.collection = collection;
  switch (kind) {
    case Rows::Kind::write:
      e.kind = model::ChangeKind::insert;
      break;
    case Rows::Kind::update:
      e.kind = model::ChangeKind::update;
      break;
    case Rows::Kind::remove:
      e.kind = model::ChangeKind::remove;
      break;
  }
  e.before = model::RowBatch(columns());
  e.after = model::RowBatch(columns());
  return e;
}

std::vector<bool> RowLayout::present(std::string_view bits) const {
  std::vector<bool> in_image(columns());
  for (std::size_t i = 0; i < columns(); ++i) {
    in_image[i] = bit_of(bits, i);
    if (!in_image[i] && !generated_[i]) {
      throw Error(
          ErrorKind::not_supported, "binlog.minimal_image",
          fmt::format(
              "a change of table {} was logged without column {}; set binlog_row_image=FULL for "
              "every session of the source",
              table_, names_[i]));
    }
  }
  return in_image;
}

void RowLayout::read(const Rows& rows, model::RowEvent& out) const {
  if (rows.columns != columns()) {
    throw_malformed(fmt::format("a rows event of table {} has {} columns and its TABLE_MAP {}",
                                table_, rows.columns, columns()));
  }
  const std::vector<bool> first = present(rows.present);
  const std::vector<bool> second =
      rows.kind == Rows::Kind::update ? present(rows.present_after) : std::vector<bool>();
  Cursor in(rows.images);
  try {
    while (!in.at_end()) {
      const std::size_t before = in.left();
      read_image(in, first, rows.kind == Rows::Kind::write ? out.after : out.before);
      if (rows.kind == Rows::Kind::update) read_image(in, second, out.after);
      if (in.left() == before) throw_malformed("a row image is empty");
    }
  } catch (const Error& e) {
    throw e.within("table " + table_);
  }
}

void RowLayout::read_image(Cursor& in, const std::vector<bool>& present,
                           model::RowBatch& out) const {
  std::size_t present_columns = 0;
  for (const bool p : present) present_columns += p ? 1 : 0;
  const std::string_view nulls = in.take((present_columns + 7) / 8);
  std::string text;
  std::size_t in_image = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!present[i] || bit_of(nulls, in_image++)) {
      out.append(std::nullopt);
    } else if (columns_[i].form == Form::bytes) {
      const std::uint64_t length = in.little(columns_[i].size);
      if (length > columns_[i].most) throw_malformed("a value is longer than its column");
      out.append(in.take(length));
    } else {
      read_value(in, columns_[i], text);
      out.append(text);
    }
  }
}

void RowLayout::read_value(Cursor& in, const Column& c, std::string& out) const {
  switch (c.form) {
    case Form::integer:
      return read_integer(in, c.size, c.is_unsigned, out);
    case Form::float_:
      return read_float(in, out);
    case Form::double_:
      return read_double(in, out);
    case Form::decimal:
      return read_decimal(in, c.size, c.digits, out);
    case Form::bit:
      return read_bit(in, c.size, out);
    case Form::year:
      return read_year(in, c.digits, out);
    case Form::date:
      return read_date(in, out);
    case Form::time_old:
      return read_time_old(in, out);
    case Form::time_hires:
      return read_time_hires(in, c.digits, out);
    case Form::time2:
      return read_time2(in, c.digits, out);
    case Form::datetime_old:
      return read_datetime_old(in, out);
    case Form::datetime_hires:
      return read_datetime_hires(in, c.digits, out);
    case Form::datetime2:
      return read_datetime2(in, c.digits, out);
    case Form::timestamp_old:
      return read_timestamp_old(in, out);
    case Form::timestamp_hires:
      return read_timestamp_hires(in, c.digits, out);
    case Form::timestamp2:
      return read_timestamp2(in, c.digits, out);
    case Form::bytes:
    case Form::padded_bytes: {
      const std::uint64_t length = in.little(c.size);
      if (length > c.most) throw_malformed("a value is longer than its column");
      out = in.take(length);
      if (c.form == Form::padded_bytes) out.resize(c.most, '\0');
      return;
    }
    case Form::compressed: {
      const std::uint64_t length = in.little(c.size);
      out = uncompress_column(in.take(length));
      if (out.size() > c.most) throw_malformed("a value is longer than its column");
      return;
    }
    case Form::json: {
      const std::uint64_t length = in.little(c.size);
      return read_json(in.take(length), json_style_, out);
    }
    case Form::typed_json: {
      const std::uint64_t length = in.little(c.size);
      return read_json(in.take(length), {.types = true}, out);
    }
  }
}

}  // namespace wherry::wire::mysql
