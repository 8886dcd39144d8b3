#pragma once
// What a statement in the log does to views, routines, triggers, events and accounts, before
// anything is done. Reads from the connection to the target that it is given. Errors: those of the
// connection, and of read_object() and read_ddl().

#include <string>
#include <vector>

#include "contract/schema_objects.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/object_statement.h"

namespace wherry::stores::mysql {

// As contract::SchemaObjects::plan_object().
contract::ObjectPlan plan_object_change(Connection& target, const model::DdlEvent& event,
                                        const contract::TableFilter& filter,
                                        const contract::TableRoute& route);

// A view and its new name, on the source.
struct RenamedView {
  model::CollectionName from;
  model::CollectionName to;
};

// RENAME TABLE does not say what it renames: these are names of what is no table of a migration,
// before all of it and after, also of views that are not on the target. Nothing if it is about
// tables.
struct RenamedViews {
  std::vector<RenamedView> views;
  bool exchange = false;  // a name is borne by one and then by another: it must not be repeated
};
RenamedViews renamed_views(Connection& target, const model::DdlEvent& event,
                           const contract::TableFilter& filter, const contract::TableRoute& route);

// Whether a migration made it, whichever. Requires: the target has been prepared.
bool made_by_anyone(Connection& target, ObjectKind kind, const model::CollectionName& home);

std::string subject_of(ObjectKind kind, const model::CollectionName& name);  // "view shop.v"
model::Finding object_not_carried(ObjectKind kind, const std::string& subject);

}  // namespace wherry::stores::mysql
