#pragma once
// Copying rows, chunk by chunk, by several threads. A chunk is read in a source view at `low` and
// written, with its mark, in one target transaction, while following is held at `low`: so a stale
// chunk never overwrites a newer change. Tables whose changes cannot be applied twice are written
// when following has come to stand exactly there (cascades.h).

#include <stop_token>

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
  void worker(const std::stop_token& stop);
  void work(contract::RowReader& reader, contract::RowWriter& writer, bool& all_done,
            const std::stop_token& stop);
  void plan(contract::RowReader& reader, const ChunkPlan::PlanIt& task);
  void copy(contract::RowReader& reader, contract::RowWriter& writer, const model::Chunk& chunk,
            const std::stop_token& stop);
  void note_done(const contract::TablePair& pair, const contract::ChunkMark& mark);
  bool try_copy(contract::RowReader& reader, contract::RowWriter& writer, model::Chunk& chunk,
                const std::stop_token& stop);

  Parts& parts_;
  ChunkPlan& plan_;
};

}  // namespace wherry::engine
