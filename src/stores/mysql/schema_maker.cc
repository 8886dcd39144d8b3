#include "stores/mysql/schema_maker.h"

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "stores/mysql/grants.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/source.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;

void require_writer(Connection& connection, const contract::Fence& fence) {
  connection.execute("START TRANSACTION");
  check_fence(connection, fence);
  connection.execute("COMMIT");
}

// Byte by byte: two schemas may differ in case alone.
bool has_schema(Connection& connection, const std::string& name) {
  const std::string literal = text_literal(name);
  return !connection
              .query("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME=" + literal +
                     " AND BINARY SCHEMA_NAME=" + literal)
              .empty();
}

// A default that the target does not know is no hindrance where the schema is there.
void make_missing(Connection& connection, const std::string& name, const std::string& defaults) {
  if (has_schema(connection, name)) return;
  try {
    connection.execute("CREATE DATABASE IF NOT EXISTS " + identifier(name) + " " + defaults);
  } catch (const Error& e) {
    if (e.code() == "mysql.privilege") throw not_permitted(connection, {name}, e);
    if (e.code() != "mysql.error") throw;
    throw Error(ErrorKind::not_supported, "ddl.charset",
                "the target cannot give the schema the source's default: " + e.message(),
                base::printable(name + " " + defaults));
  }
}

}  // namespace

std::vector<SchemaDefaults> read_schemas(Connection& connection) {
  const Result r = connection.query(
      "SELECT SCHEMA_NAME, DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM "
      "information_schema.SCHEMATA ORDER BY 1");
  std::vector<SchemaDefaults> out;
  for (std::size_t row = 0; row < r.rows(); ++row) {
    const std::string name = r.text(row, std::size_t{0});
    if (is_system_schema(name)) continue;
    out.push_back({name, r.text(row, std::size_t{1}), r.text(row, std::size_t{2})});
  }
  return out;
}

std::string default_clause(const Connection& connection, const SchemaDefaults& defaults) {
  return "CHARACTER SET " + known_charset(connection.server(), defaults.charset) + " COLLATE " +
         known_charset(connection.server(), defaults.collation);
}

void make_schema(Connection& connection, Source& source, const std::string& like,
                 const std::string& name) {
  const auto schemas = source.schemas();
  const auto at = std::find_if(schemas.begin(), schemas.end(),
                               [&](const SchemaDefaults& s) { return s.name == like; });
  make_missing(connection, name, at == schemas.end() ? "" : default_clause(connection, *at));
}

Error not_permitted(Connection& connection, const std::set<std::string>& schemas,
                    const Error& refusal) {
  std::string grants;
  for (const auto& schema : schemas) grants += " " + grant_to_write(connection, schema);
  return Error(ErrorKind::rejected, "target.privilege_missing",
               "the account may not do on the target what the source did: " + refusal.message() +
                   ":" + base::printable(grants) + " Then start again",
               refusal.context());
}

void make_schemas(Connection& connection, const contract::Fence& fence, Source& source,
                  const contract::TableFilter& filter, const contract::TableRoute& route) {
  require_writer(connection, fence);
  for (const SchemaDefaults& schema : source.schemas()) {
    const model::CollectionName later{schema.name, std::string(any_table)};
    if (!filter(later)) continue;
    try {
      make_missing(connection, route(later).schema, default_clause(connection, schema));
    } catch (const Error& e) {
      if (e.code() != "target.privilege_missing") throw;
    }
  }
}

void make_schemas_for(Connection& connection, const contract::Fence& fence, Source& source,
                      const contract::DdlPlan& plan, const contract::TableRoute& route) {
  for (const auto& change : plan.tables) {
    if (!change.after) continue;
    const std::string name = route(*change.after).schema;
    if (has_schema(connection, name)) continue;
    require_writer(connection, fence);
    make_schema(connection, source, change.after->schema, name);
  }
}

}  // namespace wherry::stores::mysql
