#pragma once
// Copying rows, chunk by chunk, by several threads. A chunk is read in a source view at `low` and
// written, with its mark, in one target transaction, while following is held at `low`: so a stale
// chunk never overwrites a newer change.

#include <stop_token>

#include "engine/chunk_plan.h"
#include "engine/parts.h"

namespace wherry::engine {

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
  bool try_copy(contract::RowReader& reader, contract::RowWriter& writer, model::Chunk& chunk,
                const std::stop_token& stop);

  Parts& parts_;
  ChunkPlan& plan_;
};

}  // namespace wherry::engine
