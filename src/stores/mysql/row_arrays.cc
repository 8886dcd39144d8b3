#include "stores/mysql/row_arrays.h"

#include <charconv>
#include <string_view>

#include <mysql.h>

#include "base/error.h"
#include "stores/mysql/json_text.h"
#include "stores/mysql/row_text.h"

namespace wherry::stores::mysql {

namespace {

using model::Column;
using model::ColumnType;

constexpr std::size_t most_framing_of_a_cell =
    12;  // its type, an indicator, and a number or a length
constexpr std::size_t packet_header = 6;

enum class Sent { signed_number, unsigned_number, bytes };

Sent sent_as(const Column& column) {
  switch (column.type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::integer:
    case ColumnType::bigint:
      return column.is_unsigned ? Sent::unsigned_number : Sent::signed_number;
    case ColumnType::bit:
    case ColumnType::enum_:
    case ColumnType::set:
      return Sent::unsigned_number;
    default:
      return Sent::bytes;
  }
}

void append_little_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

void append_length(std::string& out, std::uint64_t length) {
  constexpr std::uint64_t greatest_of_one_byte = 250;
  if (length <= greatest_of_one_byte) {
    append_little_endian(out, length, 1);
  } else if (length < (std::uint64_t{1} << 16U)) {
    out += '\xfc';
    append_little_endian(out, length, 2);
  } else if (length < (std::uint64_t{1} << 24U)) {
    out += '\xfd';
    append_little_endian(out, length, 3);
  } else {
    out += '\xfe';
    append_little_endian(out, length, 8);
  }
}

void append_bytes(std::string& out, std::string_view bytes) {
  append_length(out, bytes.size());
  out += bytes;
}

template <typename Number>
void append_number(std::string& out, const model::TableSchema& shape, const Column& column,
                   std::string_view digits) {
  Number value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc{} || stop != end) {
    throw base::Error(base::ErrorKind::data_mismatch, "target.value_changed",
                      "a row has no number where its column holds one",
                      shape.name.text() + " column " + column.name);
  }
  append_little_endian(out, static_cast<std::uint64_t>(value), sizeof value);
}

void append_cell(std::string& out, const model::TableSchema& shape, const Column& column,
                 model::Cell cell) {
  if (!cell) {
    out += static_cast<char>(STMT_INDICATOR_NULL);
    return;
  }
  out += static_cast<char>(STMT_INDICATOR_NONE);
  switch (sent_as(column)) {
    case Sent::signed_number:
      return append_number<std::int64_t>(out, shape, column, *cell);
    case Sent::unsigned_number:
      return append_number<std::uint64_t>(out, shape, column, *cell);
    case Sent::bytes:
      break;
  }
  if (column.type == ColumnType::json) return append_bytes(out, plain_json(*cell));
  if (column.type == ColumnType::year) return append_bytes(out, year_digits(column, *cell));
  append_bytes(out, *cell);
}

}  // namespace

std::string replace_arrays(const model::CollectionName& table, const model::TableSchema& shape,
                           const std::vector<std::size_t>& columns) {
  std::string out = replace_head(table, shape, columns);
  for (std::size_t i = 0; i < columns.size(); ++i) out += i == 0 ? "(?" : ",?";
  return out += ')';
}

std::size_t most_framing(const std::vector<std::size_t>& columns) {
  return packet_header + most_framing_of_a_cell * columns.size();
}

std::string arrays_packet(std::uint32_t statement, const model::TableSchema& shape,
                          const std::vector<std::size_t>& columns, const model::RowBatch& rows,
                          std::size_t first, std::size_t last) {
  constexpr unsigned is_unsigned = 0x8000;
  std::string out;
  std::size_t bytes = 0;
  for (std::size_t row = first; row < last; ++row) {
    for (const std::size_t i : columns) bytes += rows.cell(row, i).value_or("").size();
  }
  out.reserve(bytes + (last - first) * most_framing(columns));
  append_little_endian(out, statement, 4);
  append_little_endian(out, STMT_BULK_FLAG_CLIENT_SEND_TYPES, 2);
  for (const std::size_t i : columns) {
    const Sent sent = sent_as(shape.columns[i]);
    const unsigned type = sent == Sent::bytes ? MYSQL_TYPE_STRING : MYSQL_TYPE_LONGLONG;
    append_little_endian(out, type | (sent == Sent::unsigned_number ? is_unsigned : 0), 2);
  }
  for (std::size_t row = first; row < last; ++row) {
    for (const std::size_t i : columns)
      append_cell(out, shape, shape.columns[i], rows.cell(row, i));
  }
  return out;
}

}  // namespace wherry::stores::mysql
