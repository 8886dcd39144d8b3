#pragma once
// What a schema has beside its tables. Views and routines hold no rows: they are made on the target
// from their definitions, at planning and as the log tells of them. Triggers and events act by
// themselves: they are listed, and held back until the switch. Offered by targets that can;
// thread-safe as RowTarget is. Errors: an object that cannot be made is a finding by its name,
// never an error; errors are those of the connection and of the fence.

#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "contract/row_store.h"
#include "model/change.h"
#include "model/finding.h"
#include "model/schema.h"

namespace wherry::contract {

// A trigger or event of the source, exactly as it is to be made one day.
struct HeldBack {
  std::string kind;  // "trigger", "event"
  model::CollectionName name;
  std::string table;     // of a trigger
  std::string sql;       // the server's own statement; empty if the account may not read it
  std::string definer;   // "user@host"
  std::string sql_mode;  // the session that it is to be made in
  std::string charset;
  std::string collation;
  std::string database_collation;
  std::string time_zone;  // of an event
};

struct ObjectOutcome {
  std::vector<std::string> mended;  // subjects about which every earlier finding is closed
  std::vector<model::Finding> findings;
};

// A statement in the log, by what it is about.
struct ObjectPlan {
  enum class Kind {
    none,       // not about objects of this migration
    apply,      // a view or a routine
    held_back,  // a trigger or an event: the list of them changes
    not_carried,
  };
  Kind kind = Kind::none;
  std::string what;       // "view", "routine": for policy and people
  ObjectOutcome outcome;  // of what is not carried
};

class SchemaObjects {
 public:
  SchemaObjects() = default;
  SchemaObjects(const SchemaObjects&) = delete;
  SchemaObjects& operator=(const SchemaObjects&) = delete;
  virtual ~SchemaObjects() = default;

  // What create() would find, as far as it can be told without making anything; and what else only
  // both stores together tell.
  virtual std::vector<model::Finding> assess_objects(RowSource& source, const TableFilter& filter,
                                                     const TableRoute& route) = 0;

  // Makes all chosen views and routines; what an earlier call made is made again or gone. Requires:
  // the tables were made, and nothing was applied yet.
  virtual std::vector<model::Finding> create_objects(const Fence& fence, RowSource& source,
                                                     const TableFilter& filter,
                                                     const TableRoute& route) = 0;

  virtual ObjectPlan plan_object(const model::DdlEvent& event, const TableFilter& filter,
                                 const TableRoute& route) = 0;
  // Applies a statement of the kind `apply` and moves the stream's position to `mark`. A repeat
  // after a crash converges.
  virtual ObjectOutcome apply_object(const Fence& fence, const model::DdlEvent& event,
                                     const TableFilter& filter, const TableRoute& route,
                                     const WindowMark& mark, const std::stop_token& stop) = 0;

  // The chosen triggers and events that the source has now.
  // Triggers of one table come in the order in which they act.
  virtual std::vector<HeldBack> held_back(RowSource& source, const TableFilter& filter) = 0;

  // What is in the way of making and of dropping them here; changes nothing.
  virtual std::vector<model::Finding> assess_held_back(const std::vector<HeldBack>& list,
                                                       const TableRoute& route) = 0;

  // Makes them, in their order, to the byte; what an earlier call made of the kinds in the list is
  // made again or gone. One that is not there afterwards exactly as it is in the list is a finding.
  // None changes a row by being made, so that no proof is void.
  virtual std::vector<model::Finding> make_held_back(const Fence& fence,
                                                     const std::vector<HeldBack>& list,
                                                     const TableRoute& route,
                                                     const std::stop_token& stop) = 0;
  // Drops what make_held_back() made, and nothing else.
  virtual void remove_held_back(const Fence& fence, const std::stop_token& stop) = 0;
  // Drops triggers and events that others made, by their names here: make_held_back() with the same
  // list, without routes, brings them back. One that is not as listed is left, and is a finding.
  // Requires: the list is journaled.
  virtual std::vector<model::Finding> drop_listed(const Fence& fence,
                                                  const std::vector<HeldBack>& list,
                                                  const std::stop_token& stop) = 0;
  // What makes them again, for a person who has the store's own client: as GuardUndo::statements.
  virtual std::vector<std::string> statements_of(const std::vector<HeldBack>& list) const = 0;
};

}  // namespace wherry::contract
