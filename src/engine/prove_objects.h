#pragma once
// Proving that a chunk's objects are equal on both sides: each is listed on both, and its content
// read and digested on both.

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/object_parts.h"
#include "model/proof.h"

namespace wherry::engine {

inline constexpr const char* object_way = "object-xxh3";

struct ObjectDifference {
  model::Key key;
  std::string what;  // "missing", "content", "time, mode"
};

struct ChunkVerdict {
  // Only meaningful when the chunk is equal: all was compared and nothing differs.
  model::ChunkDigest digest;
  std::vector<ObjectDifference> differences;
  bool unknown = false;  // some of it could not be compared, as told
  bool equal() const { return differences.empty() && !unknown; }
};

// Used by one thread.
class ObjectProver {
 public:
  explicit ObjectProver(ObjectParts& parts);
  // Requires: surveyed.
  ChunkVerdict look(const model::Chunk& chunk, const std::stop_token& stop);

 private:
  void compare(const contract::ObjectInfo& source, const contract::ObjectInfo* target,
               ChunkVerdict& verdict, const std::stop_token& stop);
  base::Digest digest_content(contract::ObjectReader& reader, const contract::ObjectInfo& object,
                              const std::stop_token& stop);

  ObjectParts& parts_;
  std::unique_ptr<contract::ObjectReader> source_content_;
  std::unique_ptr<contract::ObjectReader> target_content_;
  std::vector<char> buffer_;
};

model::Proof proof_of(const model::Chunk& chunk, const ChunkVerdict& verdict);

}  // namespace wherry::engine
