#include "stores/mysql/row_text.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"
#include "stores/mysql/json_text.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using model::Column;
using model::ColumnType;

// A LOAD DATA field is text; for these a number has to be made of it first, since text would be
// taken for a member's name or for bytes.
bool loads_as_number(ColumnType type) {
  return type == ColumnType::bit || type == ColumnType::enum_ || type == ColumnType::set;
}

bool holds_bytes(ColumnType type) {
  switch (type) {
    case ColumnType::char_:
    case ColumnType::varchar:
    case ColumnType::text:
    case ColumnType::binary:
    case ColumnType::varbinary:
    case ColumnType::blob:
    case ColumnType::json:
    case ColumnType::geometry:
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
    case ColumnType::unsupported:
      return true;
    default:
      return false;
  }
}

void append_escaped(std::string& out, std::string_view bytes) {
  std::size_t done = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    char letter = 0;
    switch (bytes[i]) {
      case '\\':
        letter = '\\';
        break;
      case '\t':
        letter = 't';
        break;
      case '\n':
        letter = 'n';
        break;
      case '\0':
        letter = '0';
        break;
      default:
        continue;
    }
    out.append(bytes, done, i - done);
    out += '\\';
    out += letter;
    done = i + 1;
  }
  out.append(bytes, done);
}

void append_field(std::string& out, const Column& column, model::Cell cell) {
  if (!cell) {
    out += "\\N";
  } else if (column.type == ColumnType::year) {
    out += year_digits(column, *cell);
  } else if (column.type == ColumnType::json) {
    append_escaped(out, plain_json(*cell));
  } else if (holds_bytes(column.type)) {
    append_escaped(out, *cell);
  } else {
    out += *cell;
  }
}

void append_value(Statement& out, const Column& column, model::Cell cell) {
  if (!cell) {
    out.sql += "NULL";
  } else if (column.type == ColumnType::year) {
    out.sql += '\'';
    out.sql += year_digits(column, *cell);
    out.sql += '\'';
  } else if (holds_bytes(column.type) && column.type != ColumnType::json) {
    append_quoted(out.sql, *cell);
  } else {
    append_literal(out, column, cell);
  }
}

std::string variable(std::size_t column) { return "@w" + std::to_string(column); }

}  // namespace

std::vector<std::size_t> written_columns(const model::TableSchema& shape) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < shape.columns.size(); ++i) {
    if (!shape.columns[i].generated) out.push_back(i);
  }
  return out;
}

RowFacts facts_of(const model::TableSchema& shape, const std::vector<std::size_t>& columns,
                  const model::RowBatch& rows, std::size_t row) {
  RowFacts facts;
  for (const std::size_t i : columns) {
    const Column& column = shape.columns[i];
    const model::Cell cell = rows.cell(row, i);
    if (!cell) {
      if (column.nullable) continue;
      throw base::Error(base::ErrorKind::data_mismatch, "row.null",
                        "a row has NULL in a NOT NULL column",
                        shape.name.text() + " column " + column.name);
    }
    facts.bytes += cell->size();
    if (column.type == ColumnType::enum_ && *cell == "0") ++facts.zero_enums;
    if (column.type == ColumnType::json) facts.typed |= needs_expression(*cell);
  }
  return facts;
}

std::string load_statement(const model::CollectionName& table, const model::TableSchema& shape,
                           const std::vector<std::size_t>& columns) {
  std::string names;
  std::string settings;
  for (const std::size_t i : columns) {
    const Column& column = shape.columns[i];
    if (!names.empty()) names += ',';
    const bool is_json = column.type == ColumnType::json;
    if (!loads_as_number(column.type) && !is_json) {
      names += identifier(column.name);
      continue;
    }
    names += variable(i);
    // A server makes no JSON of bytes.
    settings += settings.empty() ? " SET " : ", ";
    settings += identifier(column.name) + (is_json ? "=CONVERT(" : "=CAST(") + variable(i) +
                (is_json ? " USING utf8mb4)" : " AS UNSIGNED)");
  }
  return "LOAD DATA LOCAL INFILE 'rows' REPLACE INTO TABLE " + qualified(table) +
         " CHARACTER SET binary FIELDS TERMINATED BY '\\t' ENCLOSED BY '' ESCAPED BY '\\\\'"
         " LINES TERMINATED BY '\\n' (" +
         names + ")" + settings;
}

void RowLines::append_line() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i != 0) buffer_ += '\t';
    append_field(buffer_, shape_.columns[columns_[i]], rows_.cell(row_, columns_[i]));
  }
  buffer_ += '\n';
  ++row_;
}

std::size_t RowLines::read(std::span<char> into) {
  assert(!into.empty());
  std::size_t filled = 0;
  while (filled < into.size()) {
    if (taken_ == buffer_.size()) {
      if (row_ == last_) break;
      buffer_.clear();
      taken_ = 0;
      append_line();
    }
    const std::size_t n = std::min(into.size() - filled, buffer_.size() - taken_);
    std::copy_n(buffer_.data() + taken_, n, into.data() + filled);
    taken_ += n;
    filled += n;
  }
  return filled;
}

std::string replace_head(const model::CollectionName& table, const model::TableSchema& shape,
                         const std::vector<std::size_t>& columns) {
  std::string out = "REPLACE INTO " + qualified(table) + " (";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) out += ',';
    out += identifier(shape.columns[columns[i]].name);
  }
  return out += ") VALUES ";
}

void append_values(Statement& out, const model::TableSchema& shape,
                   const std::vector<std::size_t>& columns, const model::RowBatch& rows,
                   std::size_t row) {
  out.sql += '(';
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) out.sql += ',';
    append_value(out, shape.columns[columns[i]], rows.cell(row, columns[i]));
  }
  out.sql += ')';
}

std::string year_digits(const Column& column, std::string_view digits) {
  const std::size_t width = column.length == 2 ? 2 : 4;
  std::string out(width - std::min(width, digits.size()), '0');
  return out += digits;
}

void append_quoted(std::string& out, std::string_view bytes) {
  out += '\'';
  std::size_t done = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] != '\\' && bytes[i] != '\'') continue;
    out.append(bytes, done, i - done);
    out += '\\';
    done = i;
  }
  out.append(bytes, done);
  out += '\'';
}

}  // namespace wherry::stores::mysql
