#pragma once
// A migration's durable state outside the data: what was planned, what was proved, what happened,
// what people must know. What is on the target (chunk marks, windows) is the truth; the journal's
// copy of it is a cache, mended by reconcile(). Every call is durable when it returns, and all or
// nothing. Thread-safe. Errors: Error(rejected, "journal.*") when it cannot be opened, is held by
// another process, is of a newer version or opened for reading only; Error(internal, "journal.*")
// when it is damaged, the disk is full, or a call contradicts what is kept. Nothing of a call that
// threw is kept.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/chunk.h"
#include "model/finding.h"
#include "model/position.h"
#include "model/proof.h"
#include "model/schema.h"

namespace wherry::journal {

struct TableRecord {
  model::CollectionId id = 0;
  model::TableSchema source;  // as of the applied position
  model::CollectionName target;
  std::optional<model::Key> planned_through;  // chunks are planned up to here …
  bool planned = false;                       // … or to the end
  bool dropped = false;  // dropped on the source in mid-stream; kept for the history
};

struct ChunkRecord {
  model::Chunk chunk;
  bool done = false;       // its rows are on the target
  model::Bracket bracket;  // of the copy's read, when done
  std::uint64_t rows = 0;
  std::uint64_t bytes = 0;
};

struct TableTotals {
  std::uint64_t chunks = 0;
  std::uint64_t chunks_done = 0;
  std::uint64_t rows = 0;  // of the chunks that are done
  std::uint64_t bytes = 0;
  std::uint64_t chunks_proved = 0;
  std::uint64_t rows_proved = 0;
  std::optional<std::chrono::system_clock::time_point> oldest_proof;
};

// A table all of whose chunks are on the target, with their proofs.
struct AdoptedTable {
  TableRecord table;
  std::vector<ChunkRecord> chunks;
  std::vector<model::Proof> proofs;
};

// A line of the history: a transition (from, to) or something worth telling (both empty).
struct Event {
  std::uint64_t number = 0;
  std::chrono::system_clock::time_point at;
  std::string kind;  // "transition", "started", "stopped", "ddl", "resumed", …
  std::string from;
  std::string to;
  std::string detail;  // for people
  std::string
      undo;  // what reverts it, as names and parameters; empty if nothing has to be reverted
};

struct OpenFinding {
  std::uint64_t number = 0;
  model::Finding finding;
  std::chrono::system_clock::time_point since;
};

class Journal {
 public:
  Journal() = default;
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  virtual ~Journal() = default;

  // Facts: named texts ("state", "digest_key", "source_identity", …).
  virtual std::optional<std::string> fact(const std::string& name) = 0;
  virtual void set_fact(const std::string& name, const std::string& value) = 0;
  // Compare-and-set; nothing expected = must not exist. False, and nothing changed, if it is
  // otherwise.
  [[nodiscard]] virtual bool swap_fact(const std::string& name,
                                       const std::optional<std::string>& expected,
                                       const std::string& value) = 0;

  virtual void append(const Event& event) = 0;  // its number is given by the journal
  virtual std::vector<Event> events(std::uint64_t after = 0) = 0;
  // Sets fact "state" to event.to and appends the event. Throws Error(internal, "journal.state")
  // unless the state is event.from (empty: there is none yet).
  virtual void transition(const Event& event) = 0;

  // Insert or change, all or none. How far a known table is planned is not changed: plan_chunk()
  // and replan() do that.
  virtual void put_tables(const std::vector<TableRecord>& tables) = 0;
  virtual std::vector<TableRecord> tables() = 0;

  // A new chunk of a known table; the table is planned through its end now, or to the end if it is
  // the last.
  virtual void plan_chunk(const model::Chunk& chunk, bool last) = 0;
  // The chunk, not done yet, ends at `through`, and the rest of it is a new chunk.
  virtual void split_chunk(const model::Chunk& chunk, const model::Key& through,
                           const model::Chunk& rest) = 0;
  virtual void chunk_done(const ChunkRecord& record) = 0;  // Requires: planned with this very range
  virtual std::vector<ChunkRecord> chunks(model::CollectionId table) = 0;
  // Of each table that has a chunk: sums over its chunks and proofs, at a cost that does not grow
  // with the size of their keys.
  virtual std::map<model::CollectionId, TableTotals> totals() = 0;
  // Makes the table's done marks equal to those on the target. A mark for a range that was not
  // planned so counts for nothing: its rows are copied again. The proofs of chunks that are not
  // done are gone.
  virtual void reconcile(model::CollectionId table, const std::vector<ChunkRecord>& on_target) = 0;
  // Forgets the table's chunks and proofs: it will be planned again from the start.
  virtual void replan(model::CollectionId table) = 0;

  // These, planned to the end, in place of all tables, chunks and proofs there are.
  virtual void adopt(const std::vector<AdoptedTable>& tables) = 0;

  virtual void put_proof(const model::Proof& proof) = 0;  // replaces the chunk's earlier proof
  virtual std::vector<model::Proof> proofs() = 0;
  virtual void void_proofs(model::CollectionId table) = 0;
  virtual void void_proofs_beyond(
      const model::Position& applied) = 0;  // those whose `applied` is greater
  virtual void void_proof(model::CollectionId table, std::uint32_t chunk) = 0;

  // Opens a finding unless the same code and subject is open already (then the text is renewed).
  virtual void open_finding(const model::Finding& finding) = 0;
  virtual void close_findings(const std::string& code,
                              const std::string& subject) = 0;  // empty subject = all of the code
  virtual std::vector<OpenFinding> open_findings() = 0;
};

}  // namespace wherry::journal
