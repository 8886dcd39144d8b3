#include "stores/mysql/server_digest.h"

#include <algorithm>

#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using model::Column;
using model::ColumnType;

// The canonical cell, as bytes: between texts of several character sets a server would convert.
std::string cell_bytes(const Column& column) {
  std::string cell = canonical_expression(column);
  switch (column.type) {
    case ColumnType::char_:
    case ColumnType::varchar:
    case ColumnType::text:
      return "CAST(" + cell + " AS BINARY)";
    case ColumnType::float_:
    case ColumnType::double_:
      return cell + "+0e0";  // zeros of both signs are no difference
    default:
      return cell;
  }
}

// What may be long is too long for what a server builds; its MD5 is not. A value that the server
// could not build is NULL, and so is its row's digest, which is noticed.
std::string field(const Column& column) {
  const std::string cell = cell_bytes(column);
  const bool may_be_long = column.type == ColumnType::text || column.type == ColumnType::blob;
  return "IF(`t`." + identifier(column.name) + " IS NULL,'-'," +
         (may_be_long ? "MD5(" + cell + "))" : "CONCAT(LENGTH(" + cell + "),':'," + cell + "))");
}

// The sums are exact decimals of any size.
std::string sum_of(const std::string& hex_digits) {
  return "MOD(SUM(CAST(CONV(" + hex_digits + ",16,10) AS UNSIGNED)),18446744073709551616)";
}

}  // namespace

bool servers_can_digest(const model::TableSchema& shape) {
  return std::none_of(shape.columns.begin(), shape.columns.end(), [](const Column& column) {
    return column.type == ColumnType::json || column.type == ColumnType::geometry ||
           column.type == ColumnType::unsupported;
  });
}

std::string server_digest_query(const model::TableSchema& shape, const std::string& from_where,
                                const base::DigestKey& key) {
  std::string row = "MD5(CONCAT(_binary x'" + key.text() + "'";
  for (const Column& column : shape.columns) row += "," + field(column);
  row += "))";
  // With a limit it is made once for each row, and not for each use.
  return "SELECT COUNT(*),COUNT(`h`)," + sum_of("LEFT(`h`,16)") + "," +
         sum_of("SUBSTRING(`h`,17)") + " FROM (SELECT " + row + " AS `h` FROM " + from_where +
         " LIMIT 18446744073709551615) AS `d`";
}

std::optional<model::ChunkDigest> server_digest_of(const Stream& answer) {
  const auto rows = answer.number(0);
  if (rows == 0) return model::ChunkDigest{};
  const auto high = answer.number(2);
  const auto low = answer.number(3);
  if (!rows || answer.number(1) != rows || !high || !low) return std::nullopt;
  return model::ChunkDigest{*rows, {.low = *low, .high = *high}};
}

}  // namespace wherry::stores::mysql
