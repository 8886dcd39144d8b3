#pragma once
// A key range of a collection: the unit of copying, of proof, and of work handed out. Values.

#include <cstdint>
#include <optional>

#include "model/key.h"

namespace wherry::model {

// A collection's number within its migration, given at planning and never reused.
using CollectionId = std::uint32_t;

struct Chunk {
  CollectionId collection = 0;
  std::uint32_t number = 0;  // within the collection, in the order of planning (not of keys)
  std::optional<Key> after;  // exclusive; nothing = from the first key
  std::optional<Key>
      through;  // inclusive; nothing = to the end, also beyond the source's greatest key

  friend bool operator==(const Chunk&, const Chunk&) = default;
};

}  // namespace wherry::model
