#pragma once
// Views, routines, sequences, triggers and events as a server holds them, with the session that
// they are to be made in. Uses the connection it is given, and leaves its session's sql_mode,
// character set and schema changed. Errors: those of the connection.

#include <optional>
#include <string>
#include <vector>

#include "contract/row_store.h"
#include "contract/schema_objects.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/object_statement.h"

namespace wherry::stores::mysql {

struct ObjectDefinition {
  ObjectKind kind = ObjectKind::view;
  model::CollectionName name;
  std::string table;    // of a trigger
  std::string definer;  // "user@host"
  // The server's own statement, in the bytes of `charset`; empty if the account may not read it.
  std::string sql;
  std::string sql_mode;  // empty for a view: its statement says the same in every mode
  std::string charset;   // of the client that made it
  std::string collation;
  std::string database_collation;  // of its schema then; empty for a view
  std::string time_zone;           // of an event
  // A view of columns that are not there, which MySQL 5.6 does not show.
  bool invalid = false;

  std::string subject() const;  // "view shop.v"
};

struct ObjectChoice {
  bool sequences = false;
  bool made_at_once = false;  // views and routines
  bool held_back = false;     // triggers and events
};

// The chosen ones, by kind and name. A trigger is chosen with its table.
std::vector<ObjectDefinition> read_objects(Connection& connection,
                                           const contract::TableFilter& filter,
                                           ObjectChoice choice);
// One; nothing if it does not exist.
std::optional<ObjectDefinition> read_object_definition(Connection& connection, ObjectKind kind,
                                                       const model::CollectionName& name);

std::vector<contract::HeldBack> read_held_back(Connection& connection,
                                               const contract::TableFilter& filter);

}  // namespace wherry::stores::mysql
