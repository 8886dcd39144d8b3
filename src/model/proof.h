#pragma once
// A proof: this chunk was equal on both sides, and from where on its keys may have changed. Values.
// A key changed after `bracket.low` is dirty: the proof says nothing about it.

#include <chrono>
#include <cstdint>
#include <string>

#include "base/digest.h"
#include "model/chunk.h"
#include "model/position.h"

namespace wherry::model {

struct ChunkDigest {
  std::uint64_t rows = 0;
  base::Digest sum;
  friend bool operator==(const ChunkDigest&, const ChunkDigest&) = default;
  ChunkDigest& operator+=(const ChunkDigest& other) {
    rows += other.rows;
    sum += other.sum;
    return *this;
  }
};

struct Proof {
  CollectionId collection = 0;
  std::uint32_t chunk = 0;
  Bracket bracket;   // of the source's read
  Position applied;  // where the target's stream stood in the target's read; ≥ bracket.high
  ChunkDigest digest;
  std::string way;  // how both sides were digested: "stream-xxh3", "server-md5"; two ways never mix
  std::chrono::system_clock::time_point at;
};

}  // namespace wherry::model
