#include "stores/mysql/sql.h"

#include <cassert>
#include <charconv>
#include <cstdint>

#include "base/text.h"
#include "stores/mysql/json_text.h"

namespace wherry::stores::mysql {

namespace {

using model::Column;
using model::ColumnType;
using model::Key;
using model::TableSchema;

constexpr std::string_view table_alias = "`t`.";

void append_hex(std::string& out, std::string_view bytes) {
  out += "x'";
  out += base::to_hex(bytes);
  out += '\'';
}

std::string column_name(const Column& column, bool alias) {
  std::string out(alias ? table_alias : std::string_view());
  return out += identifier(column.name);
}

std::string_view sign(Bound bound, bool last) {
  switch (bound) {
    case Bound::after:
      return " > ";
    case Bound::from:
      return last ? " >= " : " > ";
    case Bound::before:
      return " < ";
    case Bound::through:
      return last ? " <= " : " < ";
  }
  return " > ";
}

// How many numbers a column can hold if they are few and the server compares them by number only
// for equality: enum and set. Ranges over them are spelt out as lists; otherwise the server would
// scan the index.
std::optional<std::uint64_t> listed_numbers(const Column& column) {
  if (column.type == ColumnType::enum_ && column.member_count <= most_listed_members) {
    return column.member_count + std::uint64_t{1};  // 0 is the value of what was not a member
  }
  if (column.type == ColumnType::set && column.member_count <= 8)
    return std::uint64_t{1} << column.member_count;
  return std::nullopt;
}

void append_compared(std::string& out, const Column& column, std::string_view value, Bound bound,
                     bool last, bool alias) {
  const std::string name = column_name(column, alias);
  const auto numbers = listed_numbers(column);
  if (!numbers) {
    out += name;
    out += sign(bound, last);
    append_literal(out, column, value);
    return;
  }
  std::uint64_t at = 0;
  std::from_chars(value.data(), value.data() + value.size(), at);
  const bool upwards = bound == Bound::after || bound == Bound::from;
  const bool inclusive = last && (bound == Bound::from || bound == Bound::through);
  const std::uint64_t first = upwards ? at + (inclusive ? 0 : 1) : 0;
  const std::uint64_t end = upwards ? *numbers : at + (inclusive ? 1 : 0);
  if (first >= end) {
    out += "FALSE";
    return;
  }
  out += name + " IN (";
  for (std::uint64_t n = first; n < end; ++n) {
    if (n != first) out += ',';
    out += std::to_string(n);
  }
  out += ')';
}

const Column& key_column(const TableSchema& shape, std::size_t part) {
  return shape.columns[shape.key[part]];
}

// "a = 1 AND b = 2" over the first `parts` parts.
void append_equal(std::string& out, const TableSchema& shape,
                  const std::vector<std::string_view>& values, std::size_t parts, bool alias) {
  for (std::size_t i = 0; i < parts; ++i) {
    if (i != 0) out += " AND ";
    out += column_name(key_column(shape, i), alias) + " = ";
    append_literal(out, key_column(shape, i), values[i]);
  }
}

}  // namespace

std::string identifier(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out += '`';
}

std::string qualified(const model::CollectionName& name) {
  return identifier(name.schema) + "." + identifier(name.name);
}

std::string text_literal(std::string_view utf8) {
  std::string out = "_utf8mb3 ";
  append_hex(out, utf8);
  return out;
}

void append_literal(std::string& out, const Column& column, model::Cell cell) {
  if (!cell) {
    out += "NULL";
    return;
  }
  switch (column.type) {
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::integer:
    case ColumnType::bigint:
    case ColumnType::decimal:
    case ColumnType::bit:
    case ColumnType::year:
    case ColumnType::enum_:
    case ColumnType::set:
      out += *cell;
      return;
    case ColumnType::float_:
    case ColumnType::double_:
      // Without an exponent the server would read a decimal number, rounded in other ways.
      out += *cell;
      if (cell->find('e') == std::string_view::npos) out += "e0";
      return;
    case ColumnType::date:
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::timestamp:
      out += '\'';
      out += *cell;
      out += '\'';
      return;
    case ColumnType::char_:
    case ColumnType::varchar:
    case ColumnType::text:
      if (column.charset != "binary" && !column.charset.empty()) out += "_" + column.charset + " ";
      append_hex(out, *cell);
      return;
    case ColumnType::json:  // which no server takes as bytes
    case ColumnType::binary:
    case ColumnType::varbinary:
    case ColumnType::blob:
    case ColumnType::geometry:
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
    case ColumnType::unsupported:
      append_hex(out, *cell);
      return;
  }
}

void append_literal(Statement& out, const Column& column, model::Cell cell) {
  if (cell && column.type == ColumnType::json) return append_json_expression(out, *cell);
  append_literal(out.sql, column, cell);
}

std::string literal(const Column& column, model::Cell cell) {
  std::string out;
  append_literal(out, column, cell);
  return out;
}

std::string canonical_expression(const Column& column) {
  const std::string name = column_name(column, true);
  switch (column.type) {
    case ColumnType::float_:
    case ColumnType::double_:
      // Not +0e0, which loses the sign of -0.
      return name + "*1e0";
    case ColumnType::bit:
    case ColumnType::enum_:
      return name + "+0";
    case ColumnType::set:
      // Added to 0 a set's 64th member becomes a sign (MariaDB) or a rounded double (MySQL).
      return "CAST(" + name + " AS UNSIGNED)";
    case ColumnType::uuid:
    case ColumnType::inet6:
      return "CAST(" + name + " AS BINARY(16))";
    case ColumnType::inet4:
      return "CAST(" + name + " AS BINARY(4))";
    default:
      // Zeros in front are how the column is shown, not what it holds.
      return column.declared.ends_with(" zerofill") ? name + "+0" : name;
  }
}

std::string select_list(const TableSchema& shape) {
  std::string out;
  for (const Column& column : shape.columns) {
    if (!out.empty()) out += ',';
    out += canonical_expression(column);
  }
  return out;
}

std::string key_select_list(const TableSchema& shape) {
  std::string out;
  for (const std::size_t at : shape.key) {
    if (!out.empty()) out += ',';
    out += canonical_expression(shape.columns[at]);
  }
  return out;
}

std::string from_table(const model::CollectionName& name, const TableSchema& shape) {
  assert(!shape.key.empty());
  return qualified(name) + " `t` FORCE INDEX (" + identifier(shape.key_index) + ")";
}

std::string order_by_key(const TableSchema& shape) {
  std::string out;
  for (const std::size_t at : shape.key) {
    if (!out.empty()) out += ',';
    out += column_name(shape.columns[at], true);
  }
  return out;
}

// (a > 1 OR (a = 1 AND b > 2)): both optimizers read it as one range; the row form (a,b) > (1,2)
// they do not.
std::string key_bound(const TableSchema& shape, Bound bound, const Key& key, bool alias) {
  const auto values = key.parts();
  assert(values.size() == shape.key.size());
  std::string out = "(";
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) {
      out += " OR (";
      append_equal(out, shape, values, i, alias);
      out += " AND ";
    }
    append_compared(out, key_column(shape, i), values[i], bound, i + 1 == values.size(), alias);
    if (i != 0) out += ')';
  }
  return out += ')';
}

std::string key_range(const TableSchema& shape, const std::optional<Key>& after,
                      const std::optional<Key>& through, bool alias) {
  if (!after && !through) return "TRUE";
  std::string out = "(";
  if (after) out += key_bound(shape, Bound::after, *after, alias);
  if (after && through) out += " AND ";
  if (through) out += key_bound(shape, Bound::through, *through, alias);
  return out += ')';
}

std::string key_in(const TableSchema& shape, const Key* first, std::size_t count, bool alias) {
  assert(count > 0);
  std::string out = "(";
  const bool single = shape.key.size() == 1;
  if (single) out += column_name(key_column(shape, 0), alias) + " IN (";
  for (std::size_t i = 0; i < count; ++i) {
    const auto values = first[i].parts();
    assert(values.size() == shape.key.size());
    if (single) {
      if (i != 0) out += ',';
      append_literal(out, key_column(shape, 0), values[0]);
      continue;
    }
    out += i == 0 ? "(" : " OR (";
    append_equal(out, shape, values, values.size(), alias);
    out += ')';
  }
  if (single) out += ')';
  return out += ')';
}

}  // namespace wherry::stores::mysql
