#include "stores/mysql/schema.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using model::Column;
using model::ColumnType;
using model::TableSchema;
using model::UniqueKey;

constexpr std::array<std::pair<std::string_view, ColumnType>, 42> types{{
    {"tinyint", ColumnType::tinyint},
    {"smallint", ColumnType::smallint},
    {"mediumint", ColumnType::mediumint},
    {"int", ColumnType::integer},
    {"integer", ColumnType::integer},
    {"bigint", ColumnType::bigint},
    {"decimal", ColumnType::decimal},
    {"numeric", ColumnType::decimal},
    {"float", ColumnType::float_},
    {"double", ColumnType::double_},
    {"bit", ColumnType::bit},
    {"year", ColumnType::year},
    {"date", ColumnType::date},
    {"time", ColumnType::time},
    {"datetime", ColumnType::datetime},
    {"timestamp", ColumnType::timestamp},
    {"char", ColumnType::char_},
    {"varchar", ColumnType::varchar},
    {"tinytext", ColumnType::text},
    {"text", ColumnType::text},
    {"mediumtext", ColumnType::text},
    {"longtext", ColumnType::text},
    {"binary", ColumnType::binary},
    {"varbinary", ColumnType::varbinary},
    {"tinyblob", ColumnType::blob},
    {"blob", ColumnType::blob},
    {"mediumblob", ColumnType::blob},
    {"longblob", ColumnType::blob},
    {"enum", ColumnType::enum_},
    {"json", ColumnType::json},
    {"geometry", ColumnType::geometry},
    {"point", ColumnType::geometry},
    {"linestring", ColumnType::geometry},
    {"polygon", ColumnType::geometry},
    {"multipoint", ColumnType::geometry},
    {"multilinestring", ColumnType::geometry},
    {"multipolygon", ColumnType::geometry},
    {"geometrycollection", ColumnType::geometry},
    {"geomcollection", ColumnType::geometry},
    {"uuid", ColumnType::uuid},
    {"inet4", ColumnType::inet4},
    {"inet6", ColumnType::inet6},
}};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
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

bool has_bytes(ColumnType t) {
  switch (t) {
    case ColumnType::char_:
    case ColumnType::varchar:
    case ColumnType::text:
    case ColumnType::binary:
    case ColumnType::varbinary:
    case ColumnType::blob:
      return true;
    default:
      return false;
  }
}

Column column_from(const Result& r, std::size_t row) {
  Column c;
  c.name = r.text(row, "COLUMN_NAME");
  c.declared = r.text(row, "COLUMN_TYPE");
  c.type = column_type(r.text(row, "DATA_TYPE"));
  const std::string extra = r.text(row, "EXTRA");
  c.nullable = r.text(row, "IS_NULLABLE") == "YES";
  c.generated = contains(extra, "VIRTUAL GENERATED") || contains(extra, "STORED GENERATED") ||
                contains(extra, "PERSISTENT");
  c.auto_increment = contains(extra, "auto_increment");
  c.is_unsigned = is_numeric(c.type) && contains(c.declared, "unsigned");
  const auto number = [&](std::string_view name) { return r.number(row, name).value_or(0); };
  if (has_bytes(c.type)) c.length = number("CHARACTER_OCTET_LENGTH");
  constexpr std::uint64_t longest = 0xffffffff;
  switch (c.type) {
    case ColumnType::year:
      c.length = c.declared.starts_with("year(2)") ? 2 : 4;
      break;
    case ColumnType::geometry:
    case ColumnType::json:
      c.length = longest;
      break;
    case ColumnType::uuid:
    case ColumnType::inet6:
      c.length = 16;
      break;
    case ColumnType::inet4:
      c.length = 4;
      break;
    default:
      break;
  }
  if (c.type == ColumnType::bit) c.length = number("NUMERIC_PRECISION");
  if (c.type == ColumnType::decimal) {
    c.precision = static_cast<std::uint32_t>(number("NUMERIC_PRECISION"));
    c.scale = static_cast<std::uint32_t>(number("NUMERIC_SCALE"));
  }
  c.fraction = static_cast<std::uint32_t>(number("DATETIME_PRECISION"));
  c.charset = one_name(r.text(row, "CHARACTER_SET_NAME"));
  c.collation = one_name(r.text(row, "COLLATION_NAME"));
  if (c.type == ColumnType::json) {  // its server says nothing, but so it is
    c.charset = "utf8mb4";
    c.collation = "utf8mb4_bin";
  }
  if (c.type == ColumnType::enum_ || c.type == ColumnType::set)
    c.member_count = member_count(c.declared);
  return c;
}

// Bytes of a column in an index, for choosing the shortest key; its order of size is enough.
std::uint64_t index_width(const Column& c) {
  switch (c.type) {
    case ColumnType::tinyint:
    case ColumnType::year:
      return 1;
    case ColumnType::smallint:
      return 2;
    case ColumnType::mediumint:
    case ColumnType::date:
      return 3;
    case ColumnType::integer:
    case ColumnType::float_:
      return 4;
    case ColumnType::time:
    case ColumnType::timestamp:
    case ColumnType::datetime:
    case ColumnType::bigint:
    case ColumnType::double_:
      return 8;
    case ColumnType::bit:
      return (c.length + 7) / 8;
    case ColumnType::decimal:
      return c.precision / 2 + 1;
    case ColumnType::enum_:
      return c.member_count < 256 ? 1 : 2;
    case ColumnType::set:
      return (c.member_count + 7) / 8;
    default:
      return c.length;
  }
}

bool can_identify(const Column& c) {
  return c.type != ColumnType::float_ && c.type != ColumnType::double_ &&
         c.type != ColumnType::geometry && c.type != ColumnType::unsupported &&
         // Servers compare numbers of so many bits inexactly.
         !(c.type == ColumnType::set && c.member_count > 52);
}

struct Named {
  TableSchema schema;
  std::vector<std::string> usable;  // unique keys that can be read in order
};
using ByName = std::map<std::string, Named>;

void add_columns(ByName& tables, const Result& r) {
  for (std::size_t row = 0; row < r.rows(); ++row) {
    const auto found = tables.find(r.text(row, "TABLE_NAME"));
    if (found != tables.end()) found->second.schema.columns.push_back(column_from(r, row));
  }
}

// Rows of STATISTICS come by table, index and place within it.
void add_unique_keys(ByName& tables, const Result& r) {
  for (std::size_t row = 0; row < r.rows(); ++row) {
    const auto found = tables.find(r.text(row, "TABLE_NAME"));
    if (found == tables.end()) continue;
    auto& [schema, usable] = found->second;
    const std::string index = r.text(row, "INDEX_NAME");
    if (r.number(row, "SEQ_IN_INDEX") == 1) {
      schema.unique_keys.push_back({index, {}, true});
      const bool hidden = r.text(row, "IGNORED") == "YES" || r.text(row, "IS_VISIBLE") == "NO";
      if (!hidden && r.text(row, "INDEX_TYPE") == "BTREE") usable.push_back(index);
    }
    UniqueKey& key = schema.unique_keys.back();
    const std::string column = r.text(row, "COLUMN_NAME");
    const auto at = std::find_if(schema.columns.begin(), schema.columns.end(),
                                 [&](const Column& c) { return c.name == column; });
    if (at == schema.columns.end() || r.cell(row, "SUB_PART") || at->nullable) key.whole = false;
    if (at != schema.columns.end()) {
      key.columns.push_back(static_cast<std::size_t>(at - schema.columns.begin()));
    }
  }
}

// `where` names the schema, and perhaps the table, in conditions that the server looks up without
// opening other tables.
std::vector<std::string> questions(const std::string& where) {
  return {
      "SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE, TABLE_ROWS, DATA_LENGTH, "
      "@@lower_case_table_names AS FOLDING FROM "
      "information_schema.TABLES WHERE " +
          where + " AND TABLE_TYPE IN ('BASE TABLE','SYSTEM VERSIONED')",
      "SELECT * FROM information_schema.COLUMNS WHERE " + where +
          " ORDER BY BINARY TABLE_NAME, ORDINAL_POSITION",
      "SELECT * FROM information_schema.STATISTICS WHERE " + where +
          " AND NON_UNIQUE = 0 ORDER BY BINARY TABLE_NAME, BINARY INDEX_NAME, SEQ_IN_INDEX"};
}

ByName tables_of(const std::vector<Result>& answers) {
  ByName tables;
  const Result& list = answers.at(0);
  for (std::size_t row = 0; row < list.rows(); ++row) {
    TableSchema t;
    t.name = {list.text(row, "TABLE_SCHEMA"), list.text(row, "TABLE_NAME")};
    t.engine = list.text(row, "ENGINE");
    t.row_estimate = list.number(row, "TABLE_ROWS").value_or(0);
    t.byte_estimate = list.number(row, "DATA_LENGTH").value_or(0);
    const std::string name = t.name.name;
    tables[name] = {std::move(t), {}};
  }
  add_columns(tables, answers.at(1));
  add_unique_keys(tables, answers.at(2));
  for (auto& [name, table] : tables) choose_key(table.schema, table.usable);
  return tables;
}

std::string in_schema(std::string_view schema) { return "TABLE_SCHEMA = " + text_literal(schema); }

}  // namespace

bool is_system_schema(std::string_view schema) {
  return schema == "mysql" || schema == "sys" || schema == "_wherry" ||
         schema == "information_schema" || schema == "performance_schema" ||
         schema == "INFORMATION_SCHEMA" || schema == "PERFORMANCE_SCHEMA";
}

std::string one_name(std::string name) {
  if (name == "utf8") return "utf8mb3";
  if (name.starts_with("utf8_")) return "utf8mb3" + name.substr(4);
  return name;
}

std::set<std::string> read_collations(Connection& connection) {
  std::set<std::string> known;
  const auto take = [&](const std::string& sql) {
    const Result r = connection.query(sql);
    for (std::size_t i = 0; i < r.rows(); ++i) known.insert(one_name(r.text(i, std::size_t{0})));
  };
  take("SELECT COLLATION_NAME FROM information_schema.COLLATIONS");
  // From 10.10 on some collations serve several character sets under one name.
  if (connection.server().is_mariadb() && connection.server().number >= 101000) {
    take(
        "SELECT FULL_COLLATION_NAME FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY");
  }
  return known;
}

ColumnType column_type(std::string_view data_type) {
  if (data_type == "set") return ColumnType::set;
  for (const auto& [name, type] : types) {
    if (name == data_type) return type;
  }
  return ColumnType::unsupported;
}

std::uint32_t member_count(std::string_view declared) {
  std::uint32_t count = 0;
  bool inside = false;
  for (std::size_t i = 0; i < declared.size(); ++i) {
    if (declared[i] != '\'') continue;
    if (inside && i + 1 < declared.size() && declared[i + 1] == '\'') {
      ++i;
      continue;
    }
    inside = !inside;
    if (inside) ++count;
  }
  return count;
}

void choose_key(TableSchema& table, const std::vector<std::string>& usable) {
  using Rank = std::tuple<bool, std::uint64_t, std::size_t, std::string>;
  const UniqueKey* best = nullptr;
  Rank best_rank;
  for (const UniqueKey& k : table.unique_keys) {
    const bool primary = k.name == "PRIMARY";
    const bool fit = k.whole && !k.columns.empty() &&
                     std::find(usable.begin(), usable.end(), k.name) != usable.end() &&
                     std::all_of(k.columns.begin(), k.columns.end(),
                                 [&](std::size_t c) { return can_identify(table.columns[c]); });
    if (!fit) continue;
    std::uint64_t width = 0;
    for (const std::size_t c : k.columns) width += index_width(table.columns[c]);
    Rank rank{!primary, width, k.columns.size(), k.name};
    if (best == nullptr || rank < best_rank) {
      best = &k;
      best_rank = std::move(rank);
    }
  }
  table.key.clear();
  table.key_index.clear();
  if (best == nullptr) return;
  table.key = best->columns;
  table.key_index = best->name;
}

std::vector<TableSchema> read_tables(Connection& connection, const contract::TableFilter& filter) {
  const Result schemas = connection.query(
      "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA ORDER BY BINARY SCHEMA_NAME");
  std::vector<TableSchema> out;
  for (std::size_t row = 0; row < schemas.rows(); ++row) {
    const std::string schema = schemas.text(row, std::size_t{0});
    if (is_system_schema(schema)) continue;
    for (auto& [name, table] : tables_of(connection.query_all(questions(in_schema(schema))))) {
      // information_schema compares names without regard to case.
      if (table.schema.name.schema == schema && filter(table.schema.name)) {
        out.push_back(std::move(table.schema));
      }
    }
  }
  return out;
}

std::vector<std::string> table_questions(const model::CollectionName& name) {
  return questions(in_schema(name.schema) + " AND TABLE_NAME = " + text_literal(name.name));
}

std::optional<TableSchema> table_of(const std::vector<Result>& answers,
                                    const model::CollectionName& name) {
  ByName tables = tables_of(answers);
  const auto exact = tables.find(name.name);
  if (exact != tables.end()) return std::move(exact->second.schema);
  // With lower_case_table_names the server's spelling may differ from ours.
  if (tables.size() == 1 && answers.at(0).number(0, "FOLDING") != 0) {
    return std::move(tables.begin()->second.schema);
  }
  return std::nullopt;
}

std::optional<TableSchema> read_table(Connection& connection, const model::CollectionName& name) {
  return table_of(connection.query_all(table_questions(name)), name);
}

std::string show_create(Connection& connection, const model::CollectionName& name) {
  try {
    return connection.query("SHOW CREATE TABLE " + qualified(name)).text(0, std::size_t{1});
  } catch (const base::Error& e) {
    if (e.code() != "mysql.no_such_object") throw e.within(name.text());
    throw base::Error(base::ErrorKind::data_mismatch, "mysql.table_changed", e.message(),
                      name.text());
  }
}

std::vector<std::optional<std::string>> show_create(
    Connection& connection, const std::vector<model::CollectionName>& names) {
  constexpr std::size_t at_once = 64;
  std::vector<std::optional<std::string>> out;
  while (out.size() < names.size()) {
    const std::size_t first = out.size();
    const std::size_t last = std::min(names.size(), first + at_once);
    std::vector<std::string> statements;
    for (std::size_t i = first; i < last; ++i) {
      statements.push_back("SHOW CREATE TABLE " + qualified(names[i]));
    }
    try {
      for (const Result& answer : connection.query_all(statements)) {
        out.emplace_back(answer.text(0, std::size_t{1}));
      }
    } catch (const base::Error& e) {
      if (e.code() != "mysql.no_such_object") throw;
      out.resize(first);
    }
    // One of them is gone: which, is seen one by one.
    for (std::size_t i = out.size(); i < last; ++i) {
      try {
        out.emplace_back(show_create(connection, names[i]));
      } catch (const base::Error& e) {
        if (e.code() != "mysql.table_changed") throw;
        out.emplace_back();
      }
    }
  }
  return out;
}

}  // namespace wherry::stores::mysql
