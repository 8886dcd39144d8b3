#pragma once
// A server of tables in memory, with a change log, consistent views, transactions, leases and
// progress kept with the data: what the engine's tests run on. Any number of sources, targets,
// readers, writers and clients share one. Thread-safe. Errors: Error(rejected, "memory.*") for what
// a client may not do; connection_lost to everything opened before a crash().
//
// A commit has a number, its place in the log; position n is between the n-th commit and the next
// (counted from 0, after a failover from another number). Its GTID is the server's name then and a
// number.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "contract/row_store.h"
#include "model/change.h"
#include "model/position.h"
#include "model/schema.h"
#include "stores/memory/table.h"

namespace wherry::stores::memory {

class Server;

// The server that a store's object means by its name then; empty = any. Another that answers in its
// place is Error(rejected, `code`).
struct Meant {
  std::string name;
  std::string code;
};

struct Lease {
  std::uint64_t epoch = 0;
  std::string owner;
  std::chrono::system_clock::time_point renewed;
  std::chrono::seconds valid_for{0};
};

struct Stream {
  model::Position position;
  std::uint64_t last_window = 0;
  std::string source = {};
};

// What a target keeps about migrations, by their names. Changed by transactions only.
struct Progress {
  std::map<std::string, Lease> leases;
  std::map<std::string, Stream> streams;
  std::map<std::string, std::set<model::CollectionName>> made;  // tables, by create_tables()
  std::map<std::string, std::set<model::CollectionName>> being_filled;
  std::map<std::pair<std::string, std::uint64_t>, contract::WindowMark> windows;
  std::map<std::tuple<std::string, model::CollectionId, std::uint32_t>, contract::ChunkMark> chunks;
};

// What a foreign key does to the rows that refer to a parent's. No log shows it.
struct ForeignKey {
  model::CollectionName parent;
  model::CollectionName child;
  std::vector<std::size_t> parent_columns;
  std::vector<std::size_t> child_columns;
  contract::CascadeAction on_delete = contract::CascadeAction::none;
  contract::CascadeAction on_update = contract::CascadeAction::none;
};

// One transaction. Everything it did is undone if its body throws.
class Transaction {
 public:
  // Error(rejected, "memory.duplicate"), or "memory.no_parent" for a foreign key.
  void insert(const model::CollectionName& name, Row row);
  // The row with this key, which must exist, becomes `row`; its key may change.
  void update(const model::CollectionName& name, const model::Key& key, Row row);
  void remove(const model::CollectionName& name, const model::Key& key);  // must exist

  // The same for tables without a key: one of the rows that equal `before`, which must exist.
  void update_row(const model::CollectionName& name, const Row& before, Row row);
  void remove_row(const model::CollectionName& name, const Row& before);

  // What foreign keys do when a parent's row became `after` (null = was removed); updates and
  // removals do it by themselves unless they were told not to. `touched` is told each row that is
  // changed, before and after.
  void switch_off_foreign_keys() { foreign_keys_on_ = false; }
  using RowTouched = std::function<void(const model::CollectionName&, const Row&)>;
  void carry_on(const model::CollectionName& parent, const Row& before, const Row* after,
                const RowTouched& touched);

  // For writers: put removes every row that holds a unique value of the row, erase does not need
  // the row to exist.
  void put(const model::CollectionName& name, Row row);
  void erase(const model::CollectionName& name, const model::Key& key);
  // Every row after `after` up to `through`.
  void erase_range(const model::CollectionName& name, const std::optional<model::Key>& after,
                   const std::optional<model::Key>& through);

  // Changes a definition; each stands alone in its transaction. Cells of columns that stay (by
  // name) are kept, new ones are NULL or "0", or what `computed` makes of the row of before: values
  // that the log does not tell.
  using NewCell = std::function<std::optional<std::string>(const Row& before)>;
  void define(const std::optional<model::CollectionName>& before,
              const std::optional<model::TableSchema>& after, const NewCell& computed = nullptr);

  Progress& progress();
  // map[key] becomes `value`, or is gone. The key is a copy: the map's own goes with its entry.
  template <typename Map>
  void assign(Map& map, typename Map::key_type key,
              std::optional<typename Map::mapped_type> value) {
    std::optional<typename Map::mapped_type> old;
    if (const auto found = map.find(key); found != map.end()) old = found->second;
    set_in(map, key, value);
    undo_.push_back([&map, key, old] { set_in(map, key, old); });
  }
  // Throws Error(fenced) unless the fence is the migration's newest.
  void check(const contract::Fence& fence);
  std::chrono::system_clock::time_point now() const;

 private:
  friend class Server;
  explicit Transaction(Server& server) : server_(server) {}

  template <typename Map>
  static void set_in(Map& map, const typename Map::key_type& key,
                     const std::optional<typename Map::mapped_type>& value) {
    if (value) {
      map.insert_or_assign(key, *value);
    } else {
      map.erase(key);
    }
  }
  void require_parents(const model::CollectionName& child, const Row& row) const;
  void change(const model::CollectionName& name, const std::shared_ptr<Table>& table, RowPtr before,
              RowPtr after, bool logged = true);
  void undo();

  struct Change {
    model::CollectionName table;
    RowPtr before;  // null = inserted
    RowPtr after;   // null = removed
  };
  Server& server_;
  std::vector<Change> changes_;
  std::optional<model::DdlEvent> ddl_;
  std::vector<model::CollectionName> defined_;
  std::chrono::system_clock::time_point committed_at_;
  std::string gtid_;
  std::vector<std::function<void()>> undo_;
  std::string writer_;  // the migration whose fence was checked
  bool foreign_keys_on_ = true;
};

// A commit as the log of a target has it.
struct Logged {
  struct Change {
    model::CollectionName table;
    RowPtr before;  // null = inserted
    RowPtr after;   // null = removed
  };
  std::string writer;  // the migration that it moved on; empty: a client's
  std::vector<Change> changes;
  std::vector<model::CollectionName> defined;  // tables whose definition changed
  bool foreign_keys_on = true;
};

class Server {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;
  explicit Server(std::string name, Clock clock = &std::chrono::system_clock::now);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::string name() const;

  // For clients. Each returns the position after its commit.
  model::Position transaction(const std::function<void(Transaction&)>& body);
  model::Position create_table(const model::TableSchema& schema);
  void add_foreign_key(ForeignKey key);
  std::vector<ForeignKey> foreign_keys() const;
  model::Position insert(const model::CollectionName& table, Row row);
  model::Position update(const model::CollectionName& table, const model::Key& key, Row row);
  model::Position remove(const model::CollectionName& table, const model::Key& key);
  std::vector<Row> rows(const model::CollectionName& table) const;  // as of now, in key order

  // The last `commits` commits show in the log and are not visible to views yet, as between a group
  // commit's two halves.
  // What it tells of how busy it is.
  void set_load(const contract::SourceLoad& load);
  contract::SourceLoad load() const;
  void set_visibility_lag(std::uint64_t commits);
  // What its readers say of keeping views.
  void set_views_worth_keeping(std::chrono::milliseconds time);
  std::chrono::milliseconds views_worth_keeping() const;
  // Parts of transactions in the log hold at most so many rows.
  void set_rows_per_part(std::size_t rows);
  // The server stops and starts; its last commits are lost with it, what was open is gone.
  void crash(std::uint64_t lose_last_commits = 0);
  // Crashes so, and its replica is there in its place: of another name, with another log.
  void fail_over(const std::string& name, std::uint64_t lose_last_commits = 0);
  void purge_log(const model::Position& before);
  // The server stops and starts; meanwhile this is written, which no log tells, and the log is
  // another: as long as the one of before, and empty up to here.
  void begin_log_anew(const std::function<void(Transaction&)>& meanwhile);
  // What tells it from the one of before.
  std::string log_mark() const;
  // A place with the last commit before it, and the place in this log after that commit; nothing if
  // there is none such.
  model::Position with_history(model::Position at) const;
  std::optional<model::Position> after(const std::string& gtid) const;

  // For the store's objects. A generation ends with a crash; Error(connection_lost) for an older
  // one.
  std::uint64_t generation(const Meant& meant = {}) const;
  // Runs it and takes all of it back.
  void try_out(std::uint64_t generation, const std::function<void(Transaction&)>& body);
  model::Position transaction(std::uint64_t generation,
                              const std::function<void(Transaction&)>& body);
  model::Position log_end() const;
  std::pair<Version, model::Bracket> view() const;
  // The table as of a version; null if there is none. `use` runs under the lock.
  void with_table(std::uint64_t generation, const model::CollectionName& name, Version at,
                  const std::function<void(const Table*)>& use) const;
  std::vector<model::TableSchema> definitions() const;
  void with_progress(const std::function<void(const Progress&)>& use) const;
  // The parts of the commit at this place of the log, events of these tables only; waits for it,
  // nothing if `patience` ends first.
  std::vector<model::ChangePart> parts(
      std::uint64_t generation, std::uint64_t place,
      const std::map<model::CollectionId, model::TableSchema>& tracked,
      std::chrono::milliseconds patience, const std::stop_token& stop) const;
  // The commit at this place of the log, as parts() waits for it and fails.
  std::optional<Logged> logged(std::uint64_t generation, std::uint64_t place,
                               std::chrono::milliseconds patience,
                               const std::stop_token& stop) const;

 private:
  friend class Transaction;
  using TableVersions = std::vector<std::pair<Version, std::shared_ptr<Table>>>;

  void require(std::uint64_t generation) const;
  // Null: not there before `patience` ended.
  const Transaction* wait_for_commit(std::unique_lock<std::mutex>& lock, std::uint64_t generation,
                                     std::uint64_t place, std::chrono::milliseconds patience,
                                     const std::stop_token& stop) const;
  [[noreturn]] void throw_purged() const;
  void fall(std::uint64_t lose_last_commits);
  model::Position commit(const std::function<void(Transaction&)>& body);
  model::Position at_commits(std::uint64_t commits) const;
  std::shared_ptr<Table> table_at(const model::CollectionName& name, Version at) const;
  std::shared_ptr<Table> table_now(const model::CollectionName& name) const;  // or Error(rejected)
  Version next_version() const { return log_.size() + 1; }
  void show();

  std::string name_;
  std::uint64_t first_place_ = 0;
  const Clock clock_;
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::map<model::CollectionName, TableVersions> tables_;
  std::vector<ForeignKey> foreign_keys_;
  Progress progress_;
  std::vector<Transaction> log_;
  Version visible_ = 0;
  std::uint64_t lag_ = 0;
  std::chrono::milliseconds views_worth_keeping_{0};
  contract::SourceLoad load_;
  std::uint64_t purged_ = 0;
  std::uint64_t begun_at_ = 0;  // commits before it are not in the log
  std::size_t rows_per_part_ = 1000;
  std::uint64_t generation_ = 0;
};

model::Position position_at(std::uint64_t place);

}  // namespace wherry::stores::memory
