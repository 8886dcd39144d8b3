#include "engine/chunk_digests.h"

#include <algorithm>
#include <cstdint>

namespace wherry::engine {

ChunkDigests digests_by_pieces(Parts& parts, const BothViews& views,
                               const contract::TablePair& pair, const journal::ChunkRecord& copied,
                               const std::stop_token& stop) {
  ChunkDigests sum;
  model::Chunk rest = copied.chunk;
  while (true) {
    const auto turn = parts.turns.next(stop);
    model::Chunk piece = rest;
    const std::uint64_t row = copied.rows == 0 ? 0 : copied.bytes / copied.rows;
    if (turn.piece() && row != 0) {
      const auto through =
          views.source->boundary({pair.source.name, &pair.source}, rest.after, rest.through,
                                 std::max<std::uint64_t>(1, turn.piece()->count / row));
      if (through) piece.through = through;
    }
    const auto of_piece = digests_of(parts, views, pair, piece);
    // Whether the stores make digests of this table does not depend on the piece.
    sum.way = of_piece.way;
    sum.source += of_piece.source;
    sum.target += of_piece.target;
    if (piece.through == rest.through) return sum;
    rest.after = piece.through;
  }
}

ChunkDigests digests_of(const Parts& parts, const BothViews& views, const contract::TablePair& pair,
                        const model::Chunk& chunk) {
  if (parts.limits.digests_in_stores) {
    const auto [source, target] =
        on_both(views, pair, [&](contract::RowView& view, const contract::TableRef& table) {
          return view.digest_in_store(table, chunk, parts.digest_key);
        });
    if (source && target) return {*source, *target, in_stores};
  }
  auto [source, target] =
      on_both(views, pair, [&](contract::RowView& view, const contract::TableRef& table) {
        return view.digest(table, chunk, parts.digest_key);
      });
  return {source, target, streamed};
}

}  // namespace wherry::engine
