#pragma once
// Another server answers as source or as target: a replica of the one before, after a failover.
// Called when no phase runs, by the thread of Migration::run.
//
// What must hold afterwards
// - Everything on the target was done by transactions that the new source has too. Those before the
//   stream's position are compared by GTIDs; chunks that were read beyond it are copied again, and
//   replace what is in their range.
// - No position of the old log is compared with one of the new: the target's progress changes over
//   in one transaction, which a crash leaves done or not done.
// - Nothing that was proved before counts as proved. With another target that is seen to where the
//   watch takes up its log: it knows no place there (WatchTarget::resume).

#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/parts.h"

namespace wherry::engine {

inline constexpr std::string_view source_replaced = "source.replaced";
inline constexpr std::string_view target_replaced = "target.replaced";

// Is it an error after which both sides have to be met anew, and that they may answer by then?
bool calls_for_meeting_anew(const base::Error& error);

// Makes sure that the target that answers now is the migration's, or may take its place. Throws
// Error(rejected, "target.not_a_copy"), Error(transient, "target.not_promoted").
void meet_target(Parts& parts, const std::string& owner);

// Lets the stream go on at the source that answers now. False if it is the one that `progress` is
// about; else the progress has changed and has to be asked for again. Throws Error(rejected,
// "source.…") if going on there would not be safe, Error(transient, "source.behind") if it may be
// so later. Requires: `parts` was restored from `progress`, and holds a fence.
[[nodiscard]] bool go_over_to_new_source(Parts& parts, const contract::TargetProgress& progress,
                                         const std::stop_token& stop);

// Opens a finding for what is waited for; closes it when there is nothing (null) to wait for.
void tell_waiting(journal::Journal& journal, const base::Error* error);

}  // namespace wherry::engine
