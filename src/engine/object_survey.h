#pragma once
// One look at the whole of both listings, no content read: counts, hard links, what is in the way.
// Cuts the chunks, and for a run clears what was left by interrupted writes, what has to make room,
// and, if asked to, what the source no longer has.

#include <cstdint>
#include <stop_token>

#include "engine/object_parts.h"

namespace wherry::engine {

struct Survey {
  std::uint64_t objects = 0;  // of the source
  std::uint64_t bytes = 0;
  std::uint64_t extra = 0;  // on the target only
  std::uint64_t removed = 0;
};

enum class SurveyFor { looking, running };

// Requires: for running, the tree is in the journal. Throws Error(rejected, "deletes.cap") before
// anything is deleted if there is more to delete than allowed.
Survey survey(ObjectParts& parts, SurveyFor purpose, const std::stop_token& stop);

}  // namespace wherry::engine
