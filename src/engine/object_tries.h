#pragma once
// Work on single objects that others may change meanwhile, and by several threads. Thread-safe.

#include <functional>
#include <stop_token>

#include "engine/object_parts.h"

namespace wherry::engine {

enum class Tried {
  done,
  gone,  // the source has it no more
  told,  // not done, and a finding says why
};

// Does the work; finds the object again and repeats it, a few times, if it changed under the work's
// hands. What stands in the way of this one object becomes a finding; other errors are thrown.
Tried try_object(ObjectParts& parts, contract::ObjectReader& reader,
                 const contract::ObjectInfo& object, const std::stop_token& stop,
                 const std::function<void(const contract::ObjectInfo&)>& work);

// Runs the body in so many threads, and waits for them. The first error stops the others and is
// thrown.
void for_each_of_several(std::uint32_t threads, const std::stop_token& stop,
                         const std::function<void(const std::stop_token&)>& body);

}  // namespace wherry::engine
