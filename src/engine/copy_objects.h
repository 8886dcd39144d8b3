#pragma once
// Copying objects: chunk by chunk by several threads, then what needs all of them: hard links, and
// the attributes of directories, deepest first.

#include <stop_token>

#include "engine/object_parts.h"

namespace wherry::engine {

// Copies what is missing or looks different. Returns when every chunk is done: each of its objects
// is on the target or told in a finding. Requires: surveyed. Throws Error(cancelled) on stop, and
// errors that are not about a single object.
void copy_objects(ObjectParts& parts, const std::stop_token& stop);

// Requires: every chunk is done.
void finish_tree(ObjectParts& parts, const std::stop_token& stop);

// One object again, whatever it looks like on the target, and the attributes of its directory.
// Nothing if the source has it no more. Requires: surveyed, every chunk is done.
void copy_again(ObjectParts& parts, contract::ObjectReader& reader, contract::ObjectWriter& writer,
                const model::Key& key, const std::stop_token& stop);

}  // namespace wherry::engine
