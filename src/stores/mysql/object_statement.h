#pragma once
// A statement that makes, changes or drops a view, procedure, function, trigger, event, sequence or
// package, as far as
// its head tells; and the same statement for another home: names, definer and the schemas that its
// body names exchanged. Pure. Errors: Error(not_supported, "ddl.unreadable"); where a name in the
// body cannot be told from other things, Error(not_supported, "objects.names").

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/row_store.h"
#include "stores/mysql/sql_tokens.h"

namespace wherry::stores::mysql {

enum class ObjectKind { view, procedure, function, trigger, event, sequence, package };
std::string_view to_string(ObjectKind kind);  // "view"
std::string_view sql_word(ObjectKind kind);   // "VIEW"
constexpr bool is_routine(ObjectKind kind) {
  return kind == ObjectKind::procedure || kind == ObjectKind::function;
}
// They act by themselves: held back until the switch.
constexpr bool acts_by_itself(ObjectKind kind) {
  return kind == ObjectKind::trigger || kind == ObjectKind::event;
}

// Sequences from MariaDB to MariaDB: no other server has them.
constexpr bool is_carried(ObjectKind kind) { return kind != ObjectKind::package; }

// Accounts as "user@host"; a role has no host.
using DefinerMap = std::map<std::string, std::string>;

struct ObjectName {
  model::CollectionName name;
  std::size_t begin = 0;  // bytes of the statement
  std::size_t end = 0;
};

struct ObjectStatement {
  enum class Verb { create, alter, drop };
  Verb verb = Verb::create;
  ObjectKind kind = ObjectKind::view;
  bool if_not_exists = false;
  std::vector<ObjectName> names;                // one; DROP VIEW and DROP SEQUENCE may have more
  std::optional<ObjectName> table;              // CREATE TRIGGER … ON
  std::pair<std::size_t, std::size_t> verb_at;  // CREATE [OR REPLACE]
  std::pair<std::size_t, std::size_t> if_not_exists_at;
  std::pair<std::size_t, std::size_t> definer_at;  // the account; empty if none is written
  std::string definer;
};

// Nothing if it is about something else, or of an unknown form. Unqualified names are of
// `default_schema`.
std::optional<ObjectStatement> read_object(std::string_view sql, SqlDialect dialect,
                                           const std::string& default_schema);

// Where a routine or a whole schema goes; routes of tables do not concern them.
std::string schema_home(const contract::TableRoute& route, const std::string& schema);
model::CollectionName object_home(const contract::TableRoute& route, ObjectKind kind,
                                  const model::CollectionName& name);

// Of the statement's first name; a trigger goes with its table.
model::CollectionName object_home(const contract::TableRoute& route,
                                  const ObjectStatement& statement);

// CREATE and ALTER for the target; made to be run with the home of `default_schema` as the
// session's schema. CREATE of a view becomes CREATE OR REPLACE, and IF NOT EXISTS is gone. Of what
// acts by itself servers keep the words: nothing is exchanged but what has another home.
std::string rehome(std::string_view sql, const ObjectStatement& statement, SqlDialect dialect,
                   const std::string& default_schema, const contract::TableRoute& route,
                   const DefinerMap& definers);

}  // namespace wherry::stores::mysql
