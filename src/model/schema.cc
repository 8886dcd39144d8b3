#include "model/schema.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

namespace wherry::model {

namespace {

constexpr std::array<std::pair<ColumnType, std::string_view>, 28> names{{
    {ColumnType::tinyint, "tinyint"},
    {ColumnType::smallint, "smallint"},
    {ColumnType::mediumint, "mediumint"},
    {ColumnType::integer, "int"},
    {ColumnType::bigint, "bigint"},
    {ColumnType::decimal, "decimal"},
    {ColumnType::float_, "float"},
    {ColumnType::double_, "double"},
    {ColumnType::bit, "bit"},
    {ColumnType::year, "year"},
    {ColumnType::date, "date"},
    {ColumnType::time, "time"},
    {ColumnType::datetime, "datetime"},
    {ColumnType::timestamp, "timestamp"},
    {ColumnType::char_, "char"},
    {ColumnType::varchar, "varchar"},
    {ColumnType::text, "text"},
    {ColumnType::binary, "binary"},
    {ColumnType::varbinary, "varbinary"},
    {ColumnType::blob, "blob"},
    {ColumnType::enum_, "enum"},
    {ColumnType::set, "set"},
    {ColumnType::json, "json"},
    {ColumnType::geometry, "geometry"},
    {ColumnType::uuid, "uuid"},
    {ColumnType::inet4, "inet4"},
    {ColumnType::inet6, "inet6"},
    {ColumnType::unsupported, "unsupported"},
}};

ColumnType type_named(const std::string& name) {
  for (const auto& [type, text] : names) {
    if (text == name) return type;
  }
  throw base::Error(base::ErrorKind::internal, "schema.type", "unknown column type " + name);
}

// Names and declarations may hold any bytes; JSON may not.
std::string plain(const nlohmann::json& j, const char* field) {
  const auto text = base::unprintable(j.at(field).get<std::string>());
  if (!text)
    throw base::Error(base::ErrorKind::internal, "schema.json", "malformed text in a schema");
  return *text;
}

nlohmann::json column_json(const Column& c) {
  return {{"name", base::printable(c.name)},
          {"type", to_string(c.type)},
          {"declared", base::printable(c.declared)},
          {"unsigned", c.is_unsigned},
          {"nullable", c.nullable},
          {"generated", c.generated},
          {"auto_increment", c.auto_increment},
          {"length", c.length},
          {"precision", c.precision},
          {"scale", c.scale},
          {"fraction", c.fraction},
          {"charset", c.charset},
          {"collation", c.collation},
          {"members", c.member_count}};
}

Column column_from(const nlohmann::json& j) {
  Column c;
  c.name = plain(j, "name");
  c.type = type_named(j.at("type"));
  c.declared = plain(j, "declared");
  j.at("unsigned").get_to(c.is_unsigned);
  j.at("nullable").get_to(c.nullable);
  j.at("generated").get_to(c.generated);
  j.at("auto_increment").get_to(c.auto_increment);
  j.at("length").get_to(c.length);
  j.at("precision").get_to(c.precision);
  j.at("scale").get_to(c.scale);
  j.at("fraction").get_to(c.fraction);
  j.at("charset").get_to(c.charset);
  j.at("collation").get_to(c.collation);
  j.at("members").get_to(c.member_count);
  return c;
}

// What decides how a value of the column is written and read; not how its server spells the type.
bool same_carriage(const Column& a, const Column& b) {
  const auto carried_as = [](const Column& c) {
    return c.type == ColumnType::json ? ColumnType::text : c.type;
  };
  return a.name == b.name && carried_as(a) == carried_as(b) && a.is_unsigned == b.is_unsigned &&
         a.nullable == b.nullable && a.generated == b.generated && a.length == b.length &&
         a.precision == b.precision && a.scale == b.scale && a.fraction == b.fraction &&
         a.charset == b.charset && a.member_count == b.member_count;
}

}  // namespace

std::string_view to_string(ColumnType type) {
  for (const auto& [known, text] : names) {
    if (known == type) return text;
  }
  return "unsupported";
}

std::string CollectionName::text() const {
  if (schema.empty()) return base::printable(name);
  return base::printable(schema) + "." + base::printable(name);
}

bool TableSchema::carries_like(const TableSchema& other) const {
  if (columns.size() != other.columns.size() || key != other.key) return false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!same_carriage(columns[i], other.columns[i])) return false;
  }
  return true;
}

bool TableSchema::takes_rows_of(const TableSchema& other) const {
  if (!carries_like(other)) return false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool document = columns[i].type == ColumnType::json;
    if (document && other.columns[i].type != ColumnType::json) return false;
  }
  return true;
}

void to_json(nlohmann::json& j, const CollectionName& n) {
  j = {{"schema", base::printable(n.schema)}, {"name", base::printable(n.name)}};
}

void from_json(const nlohmann::json& j, CollectionName& n) {
  n.schema = plain(j, "schema");
  n.name = plain(j, "name");
}

void to_json(nlohmann::json& j, const TableSchema& s) {
  auto columns = nlohmann::json::array();
  for (const auto& c : s.columns) columns.push_back(column_json(c));
  auto unique = nlohmann::json::array();
  for (const auto& u : s.unique_keys) {
    unique.push_back(
        {{"name", base::printable(u.name)}, {"columns", u.columns}, {"whole", u.whole}});
  }
  j = {{"table", s.name},        {"columns", columns},
       {"key", s.key},           {"key_index", base::printable(s.key_index)},
       {"unique_keys", unique},  {"engine", s.engine},
       {"rows", s.row_estimate}, {"bytes", s.byte_estimate}};
}

void from_json(const nlohmann::json& j, TableSchema& s) {
  s = {};
  j.at("table").get_to(s.name);
  for (const auto& c : j.at("columns")) s.columns.push_back(column_from(c));
  j.at("key").get_to(s.key);
  s.key_index = plain(j, "key_index");
  for (const auto& u : j.at("unique_keys")) {
    s.unique_keys.push_back({plain(u, "name"), u.at("columns"), u.at("whole")});
  }
  j.at("engine").get_to(s.engine);
  j.at("rows").get_to(s.row_estimate);
  j.at("bytes").get_to(s.byte_estimate);
}

}  // namespace wherry::model
