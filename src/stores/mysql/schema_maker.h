#pragma once
// Makes schemas on the target with the character set and collation that tables get in them on the
// source. One that is there already is left as it is. Uses the connection it is given, outside a
// transaction. Errors: those of the connection; Error(not_supported, "ddl.charset") if the target
// does not know the source's default; those of not_permitted().

#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "contract/row_store.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

class Source;

// A schema, and what new tables get in it.
struct SchemaDefaults {
  std::string name;
  std::string charset;
  std::string collation;
};
// All that the account sees, but the server's own and ours.
std::vector<SchemaDefaults> read_schemas(Connection& connection);

// "CHARACTER SET latin1 COLLATE latin1_bin", in this server's words.
std::string default_clause(const Connection& connection, const SchemaDefaults& defaults);

// `name` as the source has `like` now, or with the server's default if the source has it no more.
void make_schema(Connection& connection, Source& source, const std::string& like,
                 const std::string& name);

// The account was refused a change of definition on the target: Error(rejected,
// "target.privilege_missing") that says how to let it make tables in these schemas.
base::Error not_permitted(Connection& connection, const std::set<std::string>& schemas,
                          const base::Error& refusal);

// As contract::DdlTarget::make_schemas(). One that the account may not make is left to the
// statement that needs it, which says so.
void make_schemas(Connection& connection, const contract::Fence& fence, Source& source,
                  const contract::TableFilter& filter, const contract::TableRoute& route);

// Those that a change of definition puts tables into, and that the target has not.
void make_schemas_for(Connection& connection, const contract::Fence& fence, Source& source,
                      const contract::DdlPlan& plan, const contract::TableRoute& route);

}  // namespace wherry::stores::mysql
