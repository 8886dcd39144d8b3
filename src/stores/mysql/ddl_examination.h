#pragma once
// What a change of definition made of a table, looked at on its empty copy: whether the rows come
// to hold what they hold on the source, by the statement alone, and whether the table can be
// carried on. Reads from the connection it is given.

#include <optional>
#include <string>

#include "model/change.h"
#include "model/schema.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Whether times of the event's session can be told here: the log names its zone, and the target
// knows that.
bool knows_time_zone(Connection& connection, const model::DdlEvent& event);

// Whether rows in the order of the one table's key are in the order of the other's, so that chunks
// stay what they are. Pure.
bool keeps_key_order(const model::TableSchema& before, const model::TableSchema& after);

// Whether an ALTER makes of every value of a column the same on all servers: it stays what it is. A
// strict session also refuses NULLs where they may no longer be. Pure.
bool keeps_values(const model::Column& before, const model::Column& after, bool strict);

struct ChangeToExamine {
  const std::string& statement;
  const model::DdlEvent& event;
  const std::optional<model::TableSchema>& before;  // nothing: the statement makes the table
  model::CollectionName after;                      // of the copy
  bool takes_over_defaults = false;                 // CREATE TABLE … LIKE
};

// As contract::DdlTarget::learn(). Throws Error(not_supported, "ddl.…") by name if the result
// cannot be carried, or its definition would not be the same on both sides.
std::optional<std::string> examine_change(Connection& connection, const ChangeToExamine& change);

}  // namespace wherry::stores::mysql
