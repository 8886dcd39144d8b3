#pragma once
// Copying rows, chunk by chunk, by several threads. A chunk is read in a source view at `low` and
// written, with its mark, in one target transaction, while following is held at `low`: so a stale
// chunk never overwrites a newer change. Tables whose changes cannot be applied twice are written
// when following has come to stand exactly there (cascades.h).

#include <memory>
#include <optional>
#include <stop_token>

#include "engine/bracket.h"
#include "engine/chunk_plan.h"
#include "engine/parts.h"

namespace wherry::engine {

// Writes every row of the table as the view has it, as one chunk. Requires: following is held at
// the view's low and stands there. False, and nothing is written, if the source's table is not as
// following knows it. Fills in the mark's counts.
[[nodiscard]] bool copy_whole_table(Parts& parts, contract::RowView& view,
                                    contract::RowWriter& writer, const contract::TablePair& pair,
                                    contract::ChunkMark& mark, const std::stop_token& stop);

class CopyRows {
 public:
  CopyRows(Parts& parts, ChunkPlan& plan) : parts_(parts), plan_(plan) {}

  // Returns when every chunk of every table is on the target. Throws Error(cancelled) on stop, and
  // errors that trying again does not mend.
  void run(const std::stop_token& stop);

 private:
  // What one worker reads and writes with. The view is kept from chunk to chunk where that is worth
  // it, and never while the worker waits: following stands still behind it.
  struct Session {
    std::unique_ptr<contract::RowReader> reader;
    std::unique_ptr<contract::RowWriter> writer;
    std::optional<HeldView> kept;
  };

  void worker(const std::stop_token& stop);
  void work(Session& session, bool& all_done, const std::stop_token& stop);
  void plan(Session& session, const ChunkPlan::PlanIt& task);
  void finish(model::CollectionId table, const std::stop_token& stop);
  void copy(Session& session, const model::Chunk& chunk, const std::stop_token& stop);
  bool try_copy(Session& session, model::Chunk& chunk, const std::stop_token& stop);
  bool copy_exactly(Session& session, model::Chunk& chunk, const std::stop_token& stop);
  bool copy_loosely(Session& session, model::Chunk& chunk, const std::stop_token& stop);
  bool read_chunk(contract::RowView& view, const contract::TablePair& pair,
                  const model::Chunk& chunk, model::RowBatch& rows, std::optional<model::Key>& cut,
                  const std::stop_token& stop) const;
  void write_chunk(contract::RowWriter& writer, const contract::TablePair& pair,
                   const model::RowBatch& rows, contract::ChunkMark mark, contract::ChunkWrite way);
  void note_done(const contract::TablePair& pair, const contract::ChunkMark& mark);

  Parts& parts_;
  ChunkPlan& plan_;
};

}  // namespace wherry::engine
