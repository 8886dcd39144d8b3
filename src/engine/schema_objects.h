#pragma once
// Views, routines, triggers and events of the moved schemas: what is made, followed, held back.
// What cannot be made is a finding in the journal, and the migration goes on.

#include <optional>
#include <stop_token>

#include "engine/parts.h"

namespace wherry::engine {

// At planning, when the tables are made. Gives what was found; note_objects() journals it.
std::vector<model::Finding> create_objects(Parts& parts);
void note_objects(Parts& parts, const std::vector<model::Finding>& findings);

// A change of definition that may be about such an object. Nothing if it is not; else whether the
// target's position moved. Throws Error(rejected, "ddl.stopped") where the policy says so.
std::optional<bool> apply_object_change(Parts& parts, const model::ChangePart& part,
                                        const std::stop_token& stop);

// Journals which triggers and events the source has now, with all that is needed to make them.
void list_held_back(Parts& parts);

}  // namespace wherry::engine
