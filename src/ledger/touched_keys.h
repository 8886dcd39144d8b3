#pragma once
// The keys a window touched, and the form in which they are kept on the target with the window.
// Pure functions.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/chunk.h"
#include "model/key.h"

namespace wherry::ledger {

// By table; each key once.
using TouchedKeys = std::map<model::CollectionId, std::vector<model::Key>>;

// Sorts the keys of each table and leaves each once.
void make_unique(TouchedKeys& keys);
// What they take in memory, in bytes, but for what the allocator adds.
std::uint64_t memory_of(const model::Key& key);
std::uint64_t memory_of(const std::vector<model::Key>& keys);
std::uint64_t memory_of(const TouchedKeys& keys);

// Versioned, compressed with zstd, with a checksum. Throws Error(rejected,
// "ledger.window_too_large") above 1 GiB before compression.
std::string encode(const TouchedKeys& keys);
// Throws Error(data_mismatch) for anything that encode() did not make, an empty string too;
// Error(rejected) for a newer version.
TouchedKeys decode(std::string_view bytes);

}  // namespace wherry::ledger
