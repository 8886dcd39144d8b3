#include "stores/mysql/replay.h"

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/json_match.h"
#include "stores/mysql/row_text.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using model::Column;
using model::ColumnType;

void append_same(std::string& out, const Column& column, model::Cell cell,
                 const ServerVersion& server) {
  const std::string name = identifier(column.name);
  // Written for the alias `t`, which a plain DELETE cannot have.
  std::string canonical = canonical_expression(column);
  constexpr std::string_view alias = "`t`.";
  if (const auto at = canonical.find(alias); at != std::string::npos) {
    canonical.erase(at, alias.size());
  }
  if (!cell) {
    out += name + " IS NULL";
    return;
  }
  switch (column.type) {
    case ColumnType::char_:
    case ColumnType::varchar:
    case ColumnType::text:
      // By its collation first, so that an index can be used; then to the byte.
      out += name + "=" + literal(column, cell) + " AND CAST(" + name + " AS BINARY)=x'";
      out += base::to_hex(*cell) + "'";
      return;
    case ColumnType::float_:
    case ColumnType::double_:
      out += name + "*1e0=" + literal(column, cell);
      // Zeros of both signs are equal numbers. MariaDB keeps only one of them.
      if (!server.is_mariadb() && (*cell == "0" || *cell == "-0")) {
        out += " AND CONCAT(" + name + "*1e0)='" + std::string(*cell) + "'";
      }
      return;
    case ColumnType::bit:
    case ColumnType::enum_:
    case ColumnType::year:  // a plain 0 would be the year 2000
      out += name + "+0=" + std::string(*cell);
      return;
    case ColumnType::set:
      out += "CAST(" + name + " AS UNSIGNED)=" + std::string(*cell);
      return;
    case ColumnType::json:
      return append_same_json(out, *cell, name, server.number >= 80000);
    case ColumnType::geometry:
    case ColumnType::uuid:
    case ColumnType::inet4:
    case ColumnType::inet6:
    case ColumnType::unsupported:
      out += "CAST(" + canonical + " AS BINARY)=x'" + base::to_hex(*cell) + "'";
      return;
    case ColumnType::tinyint:
    case ColumnType::smallint:
    case ColumnType::mediumint:
    case ColumnType::integer:
    case ColumnType::bigint:
    case ColumnType::decimal:
    case ColumnType::date:
    case ColumnType::time:
    case ColumnType::datetime:
    case ColumnType::timestamp:
    case ColumnType::binary:
    case ColumnType::varbinary:
    case ColumnType::blob:
      out += name + "=" + literal(column, cell);
      return;
  }
}

}  // namespace

std::string same_row(const model::TableSchema& shape, const model::RowBatch& rows, std::size_t row,
                     const ServerVersion& server) {
  std::string out;
  for (const std::size_t column : written_columns(shape)) {
    if (!out.empty()) out += " AND ";
    append_same(out, shape.columns[column], rows.cell(row, column), server);
  }
  return out;
}

void replay(Connection& connection, RowSink& sink, const contract::TablePair& table,
            const model::RowEvent& event, contract::Replay way) {
  if (event.kind == model::ChangeKind::insert) return sink.put(table, event.after);
  const auto& shape = table.source;
  const std::string name = qualified(table.target);
  for (std::size_t row = 0; row < event.before.rows(); ++row) {
    Statement statement;
    std::uint64_t zero_enums = 0;
    if (event.kind == model::ChangeKind::remove) {
      statement.sql = "DELETE FROM " + name;
    } else {
      statement.sql = "UPDATE " + name + " SET ";
      bool first = true;
      for (const std::size_t column : written_columns(shape)) {
        if (event.before.cell(row, column) == event.after.cell(row, column)) continue;
        if (!first) statement.sql += ',';
        first = false;
        const Column& set = shape.columns[column];
        const model::Cell cell = event.after.cell(row, column);
        statement.sql += identifier(set.name) + "=";
        append_literal(statement, set, cell);
        if (set.type == ColumnType::enum_ && cell == "0") ++zero_enums;
      }
      if (first) continue;
    }
    statement.sql +=
        " WHERE " + same_row(shape, event.before, row, connection.server()) + " LIMIT 1";
    sink.require_fit(statement, table);
    const Executed done = connection.execute(statement);
    sink.require_only_zero_enums(table, done.warnings, done.affected == 0 ? 0 : zero_enums);
    if (done.affected == 1 || way == contract::Replay::tolerant) continue;
    throw Error(ErrorKind::data_mismatch, "target.row_missing",
                "a row that the source changed is not on the target as it was: somebody else "
                "writes there; copy the table again",
                connection.endpoint().text() + " " + table.target.text());
  }
}

}  // namespace wherry::stores::mysql
