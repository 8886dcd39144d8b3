#include "stores/mysql/repair_statements.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/row_text.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

// The session in which these statements mean what they say.
constexpr const char* session =
    "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', time_zone='+00:00', "
    "foreign_key_checks=0;";

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '\'' && c != '\\'; });
}

// Where the letters of ASCII are the same bytes, they can be read.
bool reads_as_ascii(const model::Column& column) {
  const bool characters = column.type == model::ColumnType::char_ ||
                          column.type == model::ColumnType::varchar ||
                          column.type == model::ColumnType::text;
  return characters && !column.charset.starts_with("utf16") &&
         !column.charset.starts_with("utf32") && column.charset != "ucs2";
}

void append_readable(Statement& out, const model::Column& column, model::Cell cell) {
  if (cell && reads_as_ascii(column) && is_plain(*cell)) {
    out.sql.append("'").append(*cell).append("'");
  } else {
    append_literal(out, column, cell);
  }
}

// Whoever runs it by hand has to know what stands for a `?`.
std::string finished(const Statement& statement) {
  std::string out = statement.sql + ";";
  for (const Parameter& p : statement.parameters) {
    out += &p == &statement.parameters.front() ? " -- ? = " : ", ";
    out += p.type == Parameter::timestamp
               ? "TIMESTAMP '" + p.value + "'"
               : fmt::format("x'{}' as type {}", base::to_hex(p.value), p.type);
  }
  return out;
}

}  // namespace

std::vector<std::string> repair_statements(const contract::TablePair& table,
                                           const std::vector<model::Key>& remove,
                                           const model::RowBatch& put) {
  const model::TableSchema& shape = table.source;
  std::vector<std::string> out;
  if (remove.empty() && put.empty()) return out;
  out.emplace_back(session);
  for (const model::Key& key : remove) {
    Statement statement{"DELETE FROM " + qualified(table.target) + " WHERE ", {}};
    const auto parts = key.parts();
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const model::Column& column = shape.columns[shape.key[i]];
      if (i != 0) statement.sql += " AND ";
      statement.sql += identifier(column.name) + "=";
      append_readable(statement, column, parts[i]);
    }
    out.push_back(finished(statement));
  }
  const auto columns = written_columns(shape);
  const std::string head = replace_head(table.target, shape, columns);
  for (std::size_t row = 0; row < put.rows(); ++row) {
    Statement statement{head + "(", {}};
    for (const std::size_t i : columns) {
      if (i != columns.front()) statement.sql += ',';
      append_readable(statement, shape.columns[i], put.cell(row, i));
    }
    statement.sql += ')';
    out.push_back(finished(statement));
  }
  return out;
}

}  // namespace wherry::stores::mysql
