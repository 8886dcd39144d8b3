#pragma once
// A store that holds rows (tables), as source or as target. The factory is thread-safe; what it
// makes is not. What a store cannot do it does not offer: the registry in app/stores.cc says which
// cells exist.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/change_log.h"
#include "contract/row_reader.h"
#include "contract/row_writer.h"
#include "model/change.h"
#include "model/finding.h"
#include "model/schema.h"

namespace wherry::contract {

// Chooses tables by name (include and exclude globs of the configuration).
using TableFilter = std::function<bool(const model::CollectionName&)>;
// Names a source table's home on the target.
using TableRoute = std::function<model::CollectionName(const model::CollectionName&)>;

// How busy a server is; nothing where it does not tell.
struct SourceLoad {
  std::optional<std::uint64_t> threads_running;
  std::optional<std::chrono::seconds> replica_lag;  // behind its own source
  std::optional<std::uint64_t> statements;          // of all clients, ever: it counts up
};

class RowSource {
 public:
  RowSource() = default;
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;
  virtual ~RowSource() = default;

  virtual std::string describe() = 0;  // "MariaDB 10.11.6 at 127.0.0.1:3306"
  // Tells this server from every other, across restarts. The server that answers the first call is
  // the one that is meant from then on: whatever else answers later is Error(rejected,
  // "source.replaced").
  virtual std::string identity() = 0;
  // After that error: means whichever server answers next.
  virtual void meet_anew() = 0;
  // From now on a requested stop breaks every blocked call that is given no token of its own, and
  // those that begin later: Error(cancelled). A store that never blocks need not heed.
  virtual void heed(const std::stop_token& /*stop*/) {}

  // Checks of DESIGN §5 that concern this side; nothing is changed.
  virtual std::vector<model::Finding> assess(const TableFilter& filter) = 0;

  virtual std::vector<model::TableSchema> tables(const TableFilter& filter) = 0;
  // Foreign keys among these tables (by their names here) that change rows by themselves.
  virtual std::vector<CascadeRule> cascades(const std::vector<TablePair>& tables) = 0;
  virtual model::Position position() = 0;  // the log's end, now
  // Transactions that may end at any time later although the log has their changes already: their
  // names, now. One that ends is named until reads see what it did.
  virtual std::vector<std::string> prepared() = 0;
  // The same, with what resume_at() of another server's source needs to know of everything before
  // it; positions that changes() gives after it have that too. May cost a look through a log.
  virtual model::Position start() = 0;
  // The place where this server's log goes on beyond everything that is before `applied`, a place
  // in the log of a server that this one was a copy of. What comes after it and was applied already
  // is passed over by changes(). Throws Error(rejected, "source.…") if this server lacks what was
  // applied, or its log what was not; Error(transient) if it may still get it.
  virtual model::Position resume_at(const model::Position& applied,
                                    const std::stop_token& stop) = 0;

  // A requested stop breaks a blocked call of the reader and of its views: Error(cancelled).
  virtual std::unique_ptr<RowReader> reader(const std::stop_token& stop) = 0;
  // For what is copied, not for proofs. Its views may be of another server that has the same rows;
  // their brackets are of this one's log all the same.
  virtual std::unique_ptr<RowReader> copy_reader(const std::stop_token& stop) {
    return reader(stop);
  }
  virtual std::unique_ptr<ChangeLog> changes(const model::Position& from, TrackedTables tables) = 0;

  virtual SourceLoad load() = 0;  // now, for back-off

  // The log's end, behind which nothing comes any more from those whom the guards keep off.
  // Requires: the guards are raised and drained. Waits, for `patience` at most, until no
  // transaction is open that has written, none is prepared, no replication comes in, and every
  // write was stopped for one instant; throws Error(rejected, "seal.not_quiet") with who is in the
  // way otherwise.
  virtual model::Position final_position(std::chrono::milliseconds patience,
                                         const std::stop_token& stop) = 0;
};

struct LeaseRequest {
  std::string migration;
  std::string owner;  // stays the same over restarts of one journal
  std::chrono::seconds valid_for{
      15};  // how long after the last renewal it may be taken by another owner
};

// One change of definition, made ready for the target.
struct DdlPlan {
  enum class Kind {
    unrelated,  // touches no table of this migration
    apply,
  };
  Kind kind = Kind::unrelated;
  std::string what;       // "alter table", for policy and people
  std::string statement;  // names rewritten
  struct TableChange {
    std::optional<model::CollectionName> before;  // on the source; nothing = created
    std::optional<model::CollectionName> after;   // nothing = dropped
  };
  std::vector<TableChange> tables;
  // Why the rows of all its tables are to be copied again, whatever the statement makes of them.
  std::optional<std::string> copied_again_because;
  // The parents of foreign keys that come to its one table and change rows by themselves.
  std::vector<model::CollectionName> cascades_from;
};

class RowTarget {
 public:
  RowTarget() = default;
  RowTarget(const RowTarget&) = delete;
  RowTarget& operator=(const RowTarget&) = delete;
  virtual ~RowTarget() = default;

  virtual std::string describe() = 0;
  // As RowSource's: Error(rejected, "target.replaced").
  virtual std::string identity() = 0;
  virtual void meet_anew() = 0;
  virtual void heed(const std::stop_token& /*stop*/) {}  // but in release()
  // May this server be written in place of the one that was, because it was a copy of it? Throws
  // Error(rejected, "target.not_a_copy") unless it holds the owner's progress, and Error(transient,
  // "target.not_promoted") while it is one that only copies. Changes nothing.
  virtual void check_successor(const LeaseRequest& request) = 0;
  virtual std::vector<model::Finding> assess(const std::vector<TablePair>& tables) = 0;

  // Makes the store's own schema for progress if it is missing, and migrates an older one; refuses
  // a newer one.
  virtual void prepare() = 0;

  // Becomes the one writer: the returned fence's epoch is greater than every earlier one, and every
  // open transaction of an earlier writer has ended or will fail. Throws Error(rejected,
  // "lease.held") while another owner's lease is valid.
  virtual Fence acquire(const LeaseRequest& request) = 0;
  // A requested stop breaks a blocked call, here and wherever one is given: Error(cancelled).
  // Throws Error(fenced), or Error(data_mismatch, "target.went_back") if the store lost the lease.
  virtual void renew(const Fence& fence, const std::stop_token& stop) = 0;
  // A later acquire need not wait. Gives up on a store that does not answer for some seconds.
  virtual void release(const Fence& fence) = 0;

  virtual TargetProgress load_progress(const std::string& migration,
                                       const std::stop_token& stop) = 0;
  // Sets where the stream starts; elsewhere only while nothing is written (planning is repeated).
  // That outlives every crash, of a store too that may lose its last commits in one.
  virtual void start_stream(const Fence& fence, const model::Position& from) = 0;
  // From here on the stream is another source server's, and so are the places in its progress: in
  // one transaction.
  virtual void rebase_stream(const Fence& fence, const StreamRebase& to) = 0;
  // Replaces everything that is known of the migration's progress here, in one transaction that
  // outlives crashes as start_stream() does.
  virtual void adopt(const Fence& fence, const Adoption& adoption) = 0;

  virtual std::unique_ptr<RowReader> reader(const std::stop_token& stop) = 0;
  virtual std::unique_ptr<RowWriter> writer(const Fence& fence, const std::stop_token& stop) = 0;

  // Makes the target's tables as the source's are (no triggers, no events). Tables without rows
  // that others made are kept if they are so; those that an earlier call made are made again, or
  // are gone if they are not wanted any more. Requires: nothing was copied or applied yet. `source`
  // reads the definitions; a store creates only what it can read from a store of its own kind.
  virtual void create_tables(const Fence& fence, RowSource& source,
                             const std::vector<TablePair>& tables) = 0;
  // Tables that were just made may lack, until end_filling(), what only makes filling them slow.
  virtual void begin_filling(const Fence& /*fence*/, const std::vector<TablePair>& /*tables*/) {}
  // Makes what the table lacks, which may take as long as reading it, beside all writes; a repeat
  // finds nothing to do. A change of its definition does so first.
  virtual void end_filling(const Fence& /*fence*/, const model::CollectionName& /*table*/,
                           const std::stop_token& /*stop*/) {}
  virtual std::optional<model::TableSchema> definition(const model::CollectionName& name) = 0;
  // As RowSource::cascades, by the tables' names here: as of the applied position. Tables that are
  // not there have none.
  virtual std::vector<CascadeRule> cascades(const std::vector<TablePair>& tables) = 0;

  // The statements, as text for people, that remove these keys and put these rows.
  virtual std::vector<std::string> statements(const TablePair& table,
                                              const std::vector<model::Key>& remove,
                                              const model::RowBatch& put) = 0;

  // Removes what Wherry keeps about the migration on the target.
  virtual void forget(const std::string& migration) = 0;
};

// Changes of definition in mid-stream, for stores that can carry them.
class DdlTarget {
 public:
  DdlTarget() = default;
  DdlTarget(const DdlTarget&) = delete;
  DdlTarget& operator=(const DdlTarget&) = delete;
  virtual ~DdlTarget() = default;

  // Throws Error(not_supported) for a statement that may touch the migration's tables and cannot be
  // classified.
  virtual DdlPlan plan(const model::DdlEvent& event, const TableFilter& filter,
                       const TableRoute& route) = 0;
  // Makes the schemas in which chosen tables may be made later, as the source has them now.
  // Requires: nothing was applied yet, or a repeat.
  virtual void make_schemas(const Fence& fence, RowSource& source, const TableFilter& filter,
                            const TableRoute& route) = 0;
  // Learns what the plan makes of its tables and keeps that with the data, before anything is done;
  // a repeat is told the same. Returns why the rows of the plan's one table would not become what
  // they are on the source, or could not be kept in the chunks they were copied in: they are to be
  // copied again. Nothing = they stay as they are. A schema that is missing is made first, as the
  // source has it now: statements about a schema of which tables are chosen by their full names
  // alone are not planned.
  [[nodiscard]] virtual std::optional<std::string> learn(
      const Fence& fence, RowSource& source, const DdlPlan& plan, const model::DdlEvent& event,
      const TableRoute& route, const WindowMark& mark, const std::stop_token& stop) = 0;
  // Applies what was learnt exactly once although DDL commits by itself, and moves the stream's
  // position to `end`. The tables to be copied `again` (as they were before the plan) have no rows
  // and no chunks after it; should a repeat name fewer, those of before hold.
  virtual void apply(const Fence& fence, const DdlPlan& plan, const model::DdlEvent& event,
                     const TableRoute& route, const WindowMark& mark,
                     const std::vector<TablePair>& again, const std::stop_token& stop) = 0;
};

}  // namespace wherry::contract
