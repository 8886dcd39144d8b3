#pragma once
// Changes of definition in mid-stream: applied to the target in their place in the log, then the
// tables' definitions are learnt from the target again, and what was proved about them is void.

#include "engine/parts.h"
#include "model/change.h"

namespace wherry::engine {

// Requires: everything before the part is committed. Returns whether the target's saved position
// moved (it does not for statements that touch none of the tables). Throws Error(rejected,
// "ddl.stopped") where the policy says so; Error(rejected, copied_again) when the change is
// committed on the target, but tables have to be copied again: nothing else may go on before
// finish_definition_change().
[[nodiscard]] bool apply_definition_change(Parts& parts, const model::ChangePart& part,
                                           const std::stop_token& stop);

// After a crash or a lost connection: what the target committed of a change, and this side did not
// hear of, is taken over into journal and book now. Requires: `applied` is the target's position;
// following stands still; proof_mutex is held if others run.
// If others run and tables have to be copied again: throws Error(rejected, copied_again) instead.
enum class Others { stand_still, run };
void finish_definition_change(Parts& parts, const model::Position& applied, Others others);

// Before the stream goes on in another log: a change that was begun and not committed comes there
// again, or is not there. Requires: finish_definition_change() was called; the chunk marks of
// tables that it has to be planned anew for go with the move to that log.
void forget_begun_change(Parts& parts);

// Learns from the target which foreign keys change rows by themselves, as of the position `at`
// where it stands. Throws Error(not_supported) if one that is new concerns tables that were copied
// in part before it: a statement that adds it has them copied again, but one may come otherwise. A
// change of definition that was cut short may have left the target without one of the tables: it is
// learnt when the change is done.
enum class TablesThere { all, perhaps };
void learn_cascades(Parts& parts, const model::Position& at, TablesThere there);

}  // namespace wherry::engine
