#pragma once
// For tests of the switch: two servers in memory that a guard can close to clients, clients that
// remember every write that was acknowledged, and a process that dies at its n-th side effect.

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "contract/schema_objects.h"
#include "engine/two_way_migration.h"
#include "stores/memory/rehearsal.h"
#include "tests/engine/row_test_bed.h"

namespace wherry::engine {

// The process is killed before or after its n-th side effect, counted over journals and guards.
class Death {
 public:
  void at(int step) { left_ = step; }
  // Side effects so far.
  int steps() const { return steps_; }
  bool dead() const { return dead_; }
  // Around each side effect: throws Error(fenced, "test.crash") from the instant of death on.
  void before();
  void after();

 private:
  void step();
  std::atomic<int> steps_{0};
  std::atomic<int> left_{0};  // 0: never
  std::atomic<bool> dead_{false};
};

// A server that clients write to while its gate is open.
class GatedServer {
 public:
  explicit GatedServer(const std::string& name)
      : server(std::make_shared<stores::memory::Server>(name)) {}
  // False: it is closed, and nothing was written.
  [[nodiscard]] bool write(const std::function<void(stores::memory::Transaction&)>& body);
  void close();
  void open();
  bool closed() const { return closed_; }
  // Its triggers and events, by their names.
  std::vector<contract::HeldBack> acting() const;
  void set_acting(const contract::HeldBack& one, bool is_there);

  const std::shared_ptr<stores::memory::Server> server;

 private:
  std::map<model::CollectionName, contract::HeldBack> acting_;
  mutable std::shared_mutex mutex_;
  std::atomic<bool> closed_{false};
};

class GateGuard final : public contract::Guard {
 public:
  GateGuard(GatedServer& server, std::shared_ptr<Death> death)
      : server_(server), death_(std::move(death)) {}
  std::string name() const override { return "gate"; }
  std::vector<model::Finding> assess() override { return {}; }
  contract::GuardUndo look() override;
  void raise(const contract::GuardUndo& undo, const std::stop_token& stop) override;
  std::vector<contract::Writer> drain(std::chrono::milliseconds patience,
                                      const std::stop_token& stop) override;
  void lower(const contract::GuardUndo& undo, const std::stop_token& stop) override;

  std::atomic<bool> leaves_somebody{false};
  std::atomic<bool> cannot_be_raised{false};
  std::atomic<bool> goes_up_slowly{false};  // until it is told to stop

 private:
  GatedServer& server_;
  std::shared_ptr<Death> death_;
};

// Something that a switch waits for.
class Queue final : public contract::Awaited {
 public:
  explicit Queue(std::shared_ptr<Death> death) : death_(std::move(death)) {}
  std::string name() const override { return "the queue"; }
  std::chrono::milliseconds patience() const override { return std::chrono::seconds(5); }
  std::vector<model::Finding> assess() override;
  void wait(std::chrono::milliseconds at_most, const std::stop_token& stop) override;

  std::atomic<bool> is_missing{false};
  std::atomic<bool> never_ends{false};
  std::atomic<int> waited_for{0};
  std::atomic<std::int64_t> given_ms{0};  // at the last wait

 private:
  std::shared_ptr<Death> death_;
};

// Lowering it fails where its events are gone.
class EventsGuard final : public contract::Guard {
 public:
  explicit EventsGuard(GatedServer& server) : server_(server) {}
  std::string name() const override { return "events"; }
  bool is_of_moving_objects() const override { return true; }
  std::vector<model::Finding> assess() override { return {}; }
  contract::GuardUndo look() override { return {std::to_string(server_.acting().size()), {}}; }
  void raise(const contract::GuardUndo& /*undo*/, const std::stop_token& /*stop*/) override {}
  std::vector<contract::Writer> drain(std::chrono::milliseconds /*patience*/,
                                      const std::stop_token& /*stop*/) override {
    return {};
  }
  void lower(const contract::GuardUndo& undo, const std::stop_token& stop) override;

 private:
  GatedServer& server_;
};

// Writes new rows to whichever side takes them, first the one that took the last, until it is gone;
// and remembers what was acknowledged.
class Clients {
 public:
  Clients(GatedServer& old_server, GatedServer& new_server);
  ~Clients();
  void finish();
  std::map<int, std::string> acknowledged() const;  // owner by id
  // How often both sides were found open at the same time.
  int both_open() const { return both_open_; }

 private:
  void write_all(const std::stop_token& stop);
  std::vector<GatedServer*> sides_;
  mutable std::mutex mutex_;
  std::map<int, std::string> acknowledged_;
  std::atomic<int> both_open_{0};
  std::jthread thread_;
};

// One process of a two-way migration.
class RunningTwoWay {
 public:
  RunningTwoWay(GatedServer& old_server, GatedServer& new_server,
                const std::filesystem::path& folder,
                std::shared_ptr<Death> death = std::make_shared<Death>());
  ~RunningTwoWay();

  TwoWayMigration& migration() { return *migration_; }
  GateGuard& old_guard() { return old_guard_; }
  GateGuard& new_guard() { return new_guard_; }
  Queue& queue() { return queue_; }
  bool wait_until(const std::function<bool()>& holds, std::chrono::seconds patience) const;
  bool wait_settled();
  bool wait_proved();  // every chunk, whatever is dirty
  // Begins one and waits for its end.
  SwitchView do_switch(SwitchDirection direction, SwitchOptions options = {});
  bool ended() const { return ended_; }
  std::string state();

 private:
  std::shared_ptr<Death> death_;
  Limits limits_;
  std::unique_ptr<journal::Journal> journal_;
  std::unique_ptr<journal::Journal> back_;
  stores::memory::Source old_source_, new_source_;
  stores::memory::Target old_target_, new_target_;
  stores::memory::DdlTarget old_ddl_, new_ddl_;
  stores::memory::WatchedTarget old_watched_, new_watched_;
  stores::memory::RehearsalTarget old_rehearsals_, new_rehearsals_;
  GateGuard old_guard_, new_guard_;
  Queue queue_;
  EventsGuard old_events_, new_events_;
  std::unique_ptr<contract::SchemaObjects> old_objects_, new_objects_;
  std::unique_ptr<TwoWayMigration> migration_;
  std::atomic<bool> ended_{false};
  std::jthread thread_;
};

}  // namespace wherry::engine
