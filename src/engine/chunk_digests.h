#pragma once
// A chunk's digests on both sides, made in one way. No state of its own; one caller a pair of
// views.

#include <future>
#include <stop_token>
#include <string_view>
#include <utility>

#include "engine/bracket.h"
#include "engine/parts.h"

namespace wherry::engine {

// The ways, as proofs name them.
inline constexpr std::string_view streamed = "stream-xxh3";
inline constexpr std::string_view in_stores = "server-md5";

struct ChunkDigests {
  model::ChunkDigest source;
  model::ChunkDigest target;
  std::string_view way;  // of both
};

// Both sides at the same time: each has its own connection.
template <typename Read>
auto on_both(const BothViews& views, const contract::TablePair& pair, Read read) {
  const contract::TableRef on_source{pair.source.name, &pair.source};
  const contract::TableRef on_target{pair.target, &pair.source};
  auto target = std::async(std::launch::async, [&] { return read(*views.target, on_target); });
  auto source = read(*views.source, on_source);
  return std::pair(std::move(source), target.get());
}

ChunkDigests digests_of(const Parts& parts, const BothViews& views, const contract::TablePair& pair,
                        const model::Chunk& chunk);
// Of a chunk of a table with a key, as much of it at once as the source's other users allow.
ChunkDigests digests_by_pieces(Parts& parts, const BothViews& views,
                               const contract::TablePair& pair, const journal::ChunkRecord& copied,
                               const std::stop_token& stop);

}  // namespace wherry::engine
