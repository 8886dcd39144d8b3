#pragma once
// A target that fails where a test wants it to: the property to test is always "resume, and target
// = source". Counts are of the whole target, over all its writers; a commit is a chunk's,
// a window's or a change of definition's. Thread-safe.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/error.h"
#include "contract/row_store.h"

namespace wherry::tests {

// What is to fail, counted from now: 1 = the next one, 0 = none. Each fault happens once.
struct Faults {
  std::atomic<int> fail_write = 0;   // this write throws Error(transient); nothing of it is done
  std::atomic<int> lose_commit = 0;  // this commit throws Error(connection_lost) …
  std::atomic<bool> lost_commit_happens = false;  // … with or without having happened
  // After this commit the process is as good as dead: every call throws Error(fenced, "test.crash")
  // and does nothing.
  std::atomic<int> crash_after_commit = 0;
  std::atomic<bool> crashed = false;
  std::atomic<int> lose_ddl =
      0;  // the answer to this change of definition, which happened, is lost
  // The process dies before this change of definition: what was noted about it is there, and
  // nothing else is.
  std::atomic<int> crash_before_ddl = 0;
  std::atomic<int> commits = 0;              // that happened
  std::atomic<int> fail_end_of_filling = 0;  // throws Error(transient); nothing is done
  std::atomic<int> ends_of_filling = 0;      // that happened
  // A chunk is that long on its way: time for the source to change its rows.
  std::atomic<std::chrono::milliseconds> slow_chunks = std::chrono::milliseconds(0);
  std::atomic<int> lose_greeting = 0;  // this time nobody answers who the target is
  // Windows do not begin before it is false again, or the process has crashed.
  std::atomic<bool> hold_windows = false;

  void alive() const {
    if (crashed) throw base::Error(base::ErrorKind::fenced, "test.crash", "crashed for a test");
  }
  static bool due(std::atomic<int>& count) { return count > 0 && count-- == 1; }
};

class FaultyWriter final : public contract::RowWriter {
 public:
  FaultyWriter(std::unique_ptr<contract::RowWriter> inner, std::shared_ptr<Faults> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}

  void write_chunk(const contract::TablePair& table, const model::RowBatch& rows,
                   const contract::ChunkMark& mark, contract::ChunkWrite way) override {
    write();
    std::this_thread::sleep_for(faults_->slow_chunks.load());
    commit([&] { inner_->write_chunk(table, rows, mark, way); });
  }
  void begin_table(const contract::TablePair& table) override {
    alive();
    inner_->begin_table(table);
  }
  void append(const contract::TablePair& table, const model::RowBatch& rows) override {
    write();
    std::this_thread::sleep_for(faults_->slow_chunks.load());
    inner_->append(table, rows);
  }
  void commit_table(const contract::ChunkMark& mark) override {
    alive();
    commit([&] { inner_->commit_table(mark); });
  }
  void begin_window() override {
    while (faults_->hold_windows && !faults_->crashed) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    alive();
    inner_->begin_window();
  }
  void remove(const contract::TablePair& table, const std::vector<model::Key>& keys) override {
    write();
    inner_->remove(table, keys);
  }
  void put(const contract::TablePair& table, const model::RowBatch& rows) override {
    write();
    inner_->put(table, rows);
  }
  void replay(const contract::TablePair& table, const model::RowEvent& event,
              contract::Replay way) override {
    write();
    inner_->replay(table, event, way);
  }
  contract::Cascaded cascade(const contract::CascadeRules& rules,
                             const contract::ParentChange& change,
                             std::uint64_t most_keys) override {
    write();
    return inner_->cascade(rules, change, most_keys);
  }
  void commit_window(const contract::WindowMark& mark, std::uint64_t forget_through) override {
    alive();
    commit([&] { inner_->commit_window(mark, forget_through); });
  }
  void rollback() noexcept override { inner_->rollback(); }

 private:
  void alive() const {
    faults_->alive();
    if (lost_) throw_lost();
  }
  [[noreturn]] static void throw_lost() {
    throw base::Error(base::ErrorKind::connection_lost, "test.lost", "cut for a test");
  }
  void write() {
    alive();
    if (Faults::due(faults_->fail_write)) {
      throw base::Error(base::ErrorKind::transient, "test.transient", "failed for a test");
    }
  }
  template <typename Commit>
  void commit(const Commit& inner) {
    lost_ = Faults::due(faults_->lose_commit);
    if (lost_ && !faults_->lost_commit_happens) {
      inner_->rollback();
      throw_lost();
    }
    inner();
    ++faults_->commits;
    if (Faults::due(faults_->crash_after_commit)) faults_->crashed = true;
    alive();
  }

  std::unique_ptr<contract::RowWriter> inner_;
  std::shared_ptr<Faults> faults_;
  bool lost_ = false;  // a lost connection stays lost
};

class FaultyTarget final : public contract::RowTarget {
 public:
  FaultyTarget(std::shared_ptr<contract::RowTarget> inner, std::shared_ptr<Faults> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}

  std::string describe() override { return inner().describe(); }
  std::string identity() override {
    if (Faults::due(faults_->lose_greeting)) {
      throw base::Error(base::ErrorKind::connection_lost, "test.lost", "cut for a test");
    }
    return inner().identity();
  }
  void meet_anew() override { inner().meet_anew(); }
  void heed(const std::stop_token& stop) override { inner_->heed(stop); }
  void check_successor(const contract::LeaseRequest& request) override {
    inner().check_successor(request);
  }
  std::vector<model::Finding> assess(const std::vector<contract::TablePair>& tables) override {
    return inner().assess(tables);
  }
  void prepare() override { inner().prepare(); }
  contract::Fence acquire(const contract::LeaseRequest& request) override {
    return inner().acquire(request);
  }
  void renew(const contract::Fence& fence, const std::stop_token& stop) override {
    inner().renew(fence, stop);
  }
  void release(const contract::Fence& fence) override { inner().release(fence); }
  contract::TargetProgress load_progress(const std::string& migration,
                                         const std::stop_token& stop) override {
    return inner().load_progress(migration, stop);
  }
  void start_stream(const contract::Fence& fence, const model::Position& from) override {
    inner().start_stream(fence, from);
  }
  void rebase_stream(const contract::Fence& fence, const contract::StreamRebase& to) override {
    inner().rebase_stream(fence, to);
    ++faults_->commits;
    if (Faults::due(faults_->crash_after_commit)) faults_->crashed = true;
    faults_->alive();
  }
  void adopt(const contract::Fence& fence, const contract::Adoption& adoption) override {
    inner().adopt(fence, adoption);
    ++faults_->commits;
    if (Faults::due(faults_->crash_after_commit)) faults_->crashed = true;
    faults_->alive();
  }
  std::unique_ptr<contract::RowReader> reader(const std::stop_token& stop) override {
    return inner().reader(stop);
  }
  std::unique_ptr<contract::RowWriter> writer(const contract::Fence& fence,
                                              const std::stop_token& stop) override {
    return std::make_unique<FaultyWriter>(inner().writer(fence, stop), faults_);
  }
  void create_tables(const contract::Fence& fence, contract::RowSource& source,
                     const std::vector<contract::TablePair>& tables) override {
    inner().create_tables(fence, source, tables);
  }
  void begin_filling(const contract::Fence& fence,
                     const std::vector<contract::TablePair>& tables) override {
    inner().begin_filling(fence, tables);
  }
  void end_filling(const contract::Fence& fence, const model::CollectionName& table,
                   const std::stop_token& stop) override {
    if (Faults::due(faults_->fail_end_of_filling)) {
      throw base::Error(base::ErrorKind::transient, "test.transient", "failed for a test");
    }
    inner().end_filling(fence, table, stop);
    ++faults_->ends_of_filling;
  }
  std::optional<model::TableSchema> definition(const model::CollectionName& name) override {
    return inner().definition(name);
  }
  std::vector<contract::CascadeRule> cascades(
      const std::vector<contract::TablePair>& tables) override {
    return inner().cascades(tables);
  }
  std::vector<std::string> statements(const contract::TablePair& table,
                                      const std::vector<model::Key>& remove,
                                      const model::RowBatch& put) override {
    return inner().statements(table, remove, put);
  }
  void forget(const std::string& migration) override { inner().forget(migration); }

 private:
  contract::RowTarget& inner() {
    faults_->alive();
    return *inner_;
  }

  std::shared_ptr<contract::RowTarget> inner_;
  std::shared_ptr<Faults> faults_;
};

class FaultyDdlTarget final : public contract::DdlTarget {
 public:
  FaultyDdlTarget(std::shared_ptr<contract::DdlTarget> inner, std::shared_ptr<Faults> faults)
      : inner_(std::move(inner)), faults_(std::move(faults)) {}

  contract::DdlPlan plan(const model::DdlEvent& event, const contract::TableFilter& filter,
                         const contract::TableRoute& route) override {
    faults_->alive();
    return inner_->plan(event, filter, route);
  }
  void make_schemas(const contract::Fence& fence, contract::RowSource& source,
                    const contract::TableFilter& filter,
                    const contract::TableRoute& route) override {
    faults_->alive();
    inner_->make_schemas(fence, source, filter, route);
  }
  std::optional<std::string> learn(const contract::Fence& fence, contract::RowSource& source,
                                   const contract::DdlPlan& plan, const model::DdlEvent& event,
                                   const contract::TableRoute& route,
                                   const contract::WindowMark& mark,
                                   const std::stop_token& stop) override {
    faults_->alive();
    return inner_->learn(fence, source, plan, event, route, mark, stop);
  }
  void apply(const contract::Fence& fence, const contract::DdlPlan& plan,
             const model::DdlEvent& event, const contract::TableRoute& route,
             const contract::WindowMark& mark, const std::vector<contract::TablePair>& again,
             const std::stop_token& stop) override {
    if (Faults::due(faults_->crash_before_ddl)) faults_->crashed = true;
    faults_->alive();
    inner_->apply(fence, plan, event, route, mark, again, stop);
    ++faults_->commits;
    if (Faults::due(faults_->crash_after_commit)) faults_->crashed = true;
    faults_->alive();
    if (Faults::due(faults_->lose_ddl)) {
      throw base::Error(base::ErrorKind::connection_lost, "test.lost", "cut for a test");
    }
  }

 private:
  std::shared_ptr<contract::DdlTarget> inner_;
  std::shared_ptr<Faults> faults_;
};

}  // namespace wherry::tests
