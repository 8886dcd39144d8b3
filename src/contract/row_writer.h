#pragma once
// Writing rows. Progress lives with the data: a chunk's mark, and a window's position and dirty
// keys, commit in the transaction that writes the rows they stand for. Every transaction checks the
// writer's fence (migration, epoch) where it lands and fails with Error(fenced) when another writer
// has taken over. One writer is one connection used by one thread. Errors: transient (rolled back;
// do the same again), connection_lost (whether it committed is not known: look at load_progress()),
// fenced, data_mismatch (the server changed, truncated or dropped a value).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/chunk.h"
#include "model/position.h"
#include "model/row.h"
#include "model/schema.h"

namespace wherry::contract {

// Who may write: compared with the target's lease in every transaction.
struct Fence {
  std::string migration;
  std::uint64_t epoch = 0;
};

// A table on its way: rows are shaped by the source's definition and land in the target's table.
struct TablePair {
  model::CollectionId id = 0;
  model::TableSchema source;
  model::CollectionName target;
};

// Says that a chunk's rows are on the target.
struct ChunkMark {
  model::Chunk chunk;
  model::Bracket bracket;
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

// The end of a window of applied changes.
struct WindowMark {
  std::uint64_t number = 0;  // counts up, gaps allowed
  model::Position end;
  std::string dirty_keys;  // the ledger's encoding; opaque to the store; empty = none
};

// What the target knows about a migration's progress.
struct TargetProgress {
  std::optional<model::Position> position;  // the stream is applied up to here
  std::uint64_t last_window = 0;
  std::vector<ChunkMark> chunks;
  std::vector<WindowMark> windows;  // those not yet forgotten, in order
};

class RowWriter {
 public:
  RowWriter() = default;
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;
  virtual ~RowWriter() = default;

  // Writes the rows of one chunk, replacing rows with equal keys, and its mark: one transaction.
  virtual void write_chunk(const TablePair& table, const model::RowBatch& rows,
                           const ChunkMark& mark) = 0;

  // A window: begin, any number of remove and put in the order they are to take effect, commit. No
  // key comes twice in one call. Applying the same window again converges.
  virtual void begin_window() = 0;
  virtual void remove(const TablePair& table, const std::vector<model::Key>& keys) = 0;
  virtual void put(const TablePair& table,
                   const model::RowBatch& rows) = 0;  // full images; replaces
  // Also forgets the dirty keys of windows numbered up to `forget_through` (they were proved again
  // since).
  virtual void commit_window(const WindowMark& mark, std::uint64_t forget_through) = 0;
  virtual void rollback() noexcept = 0;
};

}  // namespace wherry::contract
