#pragma once
// Hands out the chunks to copy, and has the next ones planned when they run short: only a few
// boundaries ahead of the copying, so that a table of any size is started at once. Thread-safe.

#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "engine/parts.h"

namespace wherry::engine {

class ChunkPlan {
 public:
  // Loads what the journal knows; chunks done are not handed out again.
  // `being_filled`: as contract::TargetProgress has it.
  ChunkPlan(Parts& parts, const std::vector<model::CollectionName>& being_filled);

  struct CopyIt {
    model::Chunk chunk;
  };
  // The table's next boundaries have to be found by the caller, who then calls planned().
  struct PlanIt {
    model::CollectionId table = 0;
    std::optional<model::Key> after;
  };
  // All its chunks are on the target, which still lacks something (RowTarget::end_filling). The
  // caller then calls filled() or filling_ended().
  struct FinishIt {
    model::CollectionId table = 0;
  };
  struct Wait {};  // others are at it
  struct AllDone {};
  using Task = std::variant<CopyIt, PlanIt, FinishIt, Wait, AllDone>;

  Task next();
  // A chunk up to `through`; nothing = the table's last one, open-ended.
  void planned(model::CollectionId id, const std::optional<model::Key>& through);
  void planning_ended(model::CollectionId id);
  // The chunk was read only up to `through`: it ends there, its rest is handed out later. Returns
  // the shortened chunk.
  model::Chunk split(const model::Chunk& chunk, const model::Key& through);
  void done(const journal::ChunkRecord& record);
  void give_back(const model::Chunk& chunk);
  void filled(model::CollectionId id);
  void filling_ended(model::CollectionId id);  // with an error
  void forget(model::CollectionId id);         // dropped on the source

  // Every chunk of every table is planned and on the target, which lacks nothing.
  bool is_done() const;

 private:
  struct Table;
  bool is_complete(model::CollectionId id) const;

  struct Table {
    std::deque<model::Chunk> waiting;
    std::uint32_t next_number = 1;
    std::optional<model::Key> planned_through;
    bool planned = false;
    bool being_planned = false;
    std::uint64_t in_flight = 0;
    std::uint64_t chunks = 0;
    std::uint64_t chunks_done = 0;
    enum class Filling { no, yes, ending } filling = Filling::no;
  };
  Parts& parts_;
  mutable std::mutex mutex_;
  std::map<model::CollectionId, Table> tables_;
  // One after the other, the largest first: what is left to be built when all rows of a table are
  // there goes on beside the rows of others, and takes longest there.
  std::vector<model::CollectionId> order_;
};

}  // namespace wherry::engine
