#pragma once
// The beginning of a row migration: the target's tables as the source's are at one place of its
// log, and the stream's start there. Called when no phase runs, by the thread of Migration::run;
// may be repeated after a crash at any instant.

#include <stop_token>

#include "engine/parts.h"

namespace wherry::engine {

// From State::planned to State::copying. Requires: `parts` holds a fence. Throws Error(rejected,
// "plan.…"), Error(not_supported, "target.definition_differs"), and what the stores throw.
void plan(Parts& parts, const std::stop_token& stop);

// Has the target lost the start of the stream in a crash, and with it all that came after, before
// everything was copied? Then the state is `planned` again, and plan() is to follow, which uses no
// table that holds rows (RowTarget::create_tables).
[[nodiscard]] bool forgot_its_start(Parts& parts, const std::stop_token& stop);
// For a target that has lost more than that. One that lost just that since it was looked at is to
// be met anew: Error(data_mismatch, target_went_back).
[[noreturn]] void throw_progress_missing(Parts& parts);

}  // namespace wherry::engine
