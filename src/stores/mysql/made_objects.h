#pragma once
// Views, routines, triggers and events that Wherry makes on a target, one by one. What is ours is
// noted in `_wherry`.`made_object` before it is there; what bears such a name without being noted
// is somebody else's and is left alone. What cannot be made is a finding. Uses the connection it is
// given, and leaves its session changed. Errors: those of the connection and of the fence.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "contract/row_store.h"
#include "model/change.h"
#include "model/finding.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/object_definitions.h"
#include "stores/mysql/object_statement.h"

namespace wherry::stores::mysql {

class MadeObjects {
 public:
  // Everything given lives as long as this.
  MadeObjects(Connection& connection, const contract::Fence& fence,
              const contract::TableRoute& route, const DefinerMap& definers)
      : c_(connection), fence_(fence), route_(route), definers_(definers) {}

  // CREATE or ALTER. Nothing if it was carried.
  std::optional<model::Finding> make(const ObjectStatement& head, const model::DdlEvent& event);
  // What it runs to make it. Throws Error(not_supported, "objects.…").
  std::string statement_for(const ObjectStatement& head, const model::DdlEvent& event);
  // Nothing if it bears its new name, also since an earlier attempt. What others made under the old
  // name is not touched.
  std::optional<model::Finding> rename_view(const model::CollectionName& from,
                                            const model::CollectionName& to);

  void drop(ObjectKind kind, const model::CollectionName& home);  // if it is ours
  void forget(ObjectKind kind, const model::CollectionName& home);
  bool exists(ObjectKind kind, const model::CollectionName& name);

  // What of earlier attempts is there, or was begun.
  std::vector<std::pair<ObjectKind, model::CollectionName>> all_ours();
  void remove(ObjectKind kind, const model::CollectionName& home);  // and its note

  void check_still_the_writer();
  void leave_session();  // for our own statements

 private:
  // A statement to be run, with what its head tells.
  struct Prepared {
    ObjectStatement head;
    std::string sql;  // for the target, in the bytes of the event's character set
  };

  bool is_ours(ObjectKind kind, const model::CollectionName& home);
  std::string row_of(ObjectKind kind, const model::CollectionName& home) const;
  void note_as_ours(ObjectKind kind, const model::CollectionName& home);
  bool found(const char* table, const char* prefix, const model::CollectionName& name,
             const std::string& condition);
  bool is_view(const model::CollectionName& name);
  std::string converted(const std::string& bytes, const std::string& from, const std::string& to);
  Prepared prepare(const ObjectStatement& head, const model::DdlEvent& event);
  void run(const Prepared& prepared, const model::DdlEvent& event,
           const model::CollectionName& home, bool replaces);

  Connection& c_;
  const contract::Fence& fence_;
  const contract::TableRoute& route_;
  const DefinerMap& definers_;
};

// The statement and the session that it is to be made in.
model::DdlEvent event_of(const ObjectDefinition& definition);

// Whether its bytes are read as UTF-8 is.
bool is_read_as_it_is(std::string_view sql, const std::string& charset);

// What the target has otherwise than `wanted`: the session that it was made in, and of what acts by
// itself the statement too.
std::optional<model::Finding> difference(const ObjectDefinition& wanted,
                                         const ObjectDefinition& made, const DefinerMap& definers);

model::Finding unreadable(const ObjectDefinition& definition);

}  // namespace wherry::stores::mysql
