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
#include <utility>
#include <vector>

#include "contract/row_cascade.h"
#include "model/change.h"
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

// Where a stream goes on in another source server's log. Everything in the target's progress that
// names a place in the old log goes or becomes this one: chunks are done as of it, windows (and so
// dirty keys) are forgotten, and a change of definition that was begun is known by its statement.
struct StreamRebase {
  std::string source;  // that server's identity
  model::Position at;
  std::vector<std::pair<model::CollectionId, std::uint32_t>> not_done;  // chunks without a mark now
};

// What was the source of its source until now holds all rows already, and follows from here on.
struct Adoption {
  std::string source;  // the identity of the server that it follows
  model::Position at;  // in that server's log: both are equal there
  std::vector<ChunkMark> chunks;
};

// What the target knows about a migration's progress.
struct TargetProgress {
  std::optional<model::Position> position;  // the stream is applied up to here
  std::string source;  // whose log that is a place in; empty: the one the migration began with
  std::uint64_t last_window = 0;
  std::vector<ChunkMark> chunks;
  std::vector<WindowMark> windows;                  // those not yet forgotten, in order
  std::vector<model::CollectionName> being_filled;  // RowTarget::begin_filling, by names there
};

// What a chunk's write leaves in the chunk's range.
enum class ChunkWrite {
  upsert,         // its rows, and rows with other keys that were there before
  replace_range,  // its rows alone
};

// What becomes of a change that cannot be seen to meet its row.
enum class Replay {
  exact,     // an update or removal that finds no row is Error(data_mismatch)
  tolerant,  // the table is not copied yet: what is there does not matter
};

class RowWriter {
 public:
  RowWriter() = default;
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;
  virtual ~RowWriter() = default;

  // Writes the rows of one chunk, replacing rows with equal keys, and its mark: one transaction.
  virtual void write_chunk(const TablePair& table, const model::RowBatch& rows,
                           const ChunkMark& mark, ChunkWrite way) = 0;

  // A whole table as one chunk, with or without a key: begin, which removes every row, any number
  // of append, commit: one transaction. rollback() ends it too.
  virtual void begin_table(const TablePair& table) = 0;
  virtual void append(const TablePair& table, const model::RowBatch& rows) = 0;
  virtual void commit_table(const ChunkMark& mark) = 0;

  // A window: begin, any number of remove, put, replay and cascade in the order they are to take
  // effect, commit. No key comes twice in one call. Applying removals and puts again converges.
  virtual void begin_window() = 0;
  virtual void remove(const TablePair& table, const std::vector<model::Key>& keys) = 0;
  virtual void put(const TablePair& table,
                   const model::RowBatch& rows) = 0;  // full images; replaces
  // Changes of a table without a key, row by row in the order of the log: an insert adds a row, an
  // update or a removal concerns one of the rows that equal its before image in every column.
  // Applying these again does not converge.
  virtual void replay(const TablePair& table, const model::RowEvent& event, Replay way) = 0;
  // What foreign keys did on the source, unseen by its log, when this parent's row changed: to the
  // rows that are on the target now, and further on to those that refer to them. Tells what it
  // touched, of each table at most `most_keys` keys.
  virtual Cascaded cascade(const CascadeRules& rules, const ParentChange& change,
                           std::uint64_t most_keys) = 0;
  // Also forgets the dirty keys of windows numbered up to `forget_through` (they were proved again
  // since).
  virtual void commit_window(const WindowMark& mark, std::uint64_t forget_through) = 0;
  virtual void rollback() noexcept = 0;
};

}  // namespace wherry::contract
