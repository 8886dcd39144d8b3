// The switch and the way back, on servers in memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/engine/acting_objects.h"
#include "tests/engine/switch_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;

class Switches : public testing::Test {
 public:
  ~Switches() override { std::filesystem::remove_all(folder); }

 protected:
  Switches() {
    old_server.server->create_table(account_table());
    for (int id = 0; id < 1000; id += 2) {
      old_server.server->insert(
          account_name, account(id, "owner " + std::to_string(id), "tag" + std::to_string(id)));
    }
  }

  // Every write that was acknowledged is on that side.
  static void expect_holds(const GatedServer& side, const std::map<int, std::string>& writes) {
    std::map<int, std::string> there;
    for (const auto& row : side.server->rows(account_name)) {
      there[std::stoi(row.at(0).value())] = row.at(1).value();
    }
    int lost = 0;
    for (const auto& [id, owner] : writes) lost += there[id] == owner ? 0 : 1;
    EXPECT_EQ(lost, 0) << "of " << writes.size();
  }
  void expect_equal() const {
    EXPECT_EQ(old_server.server->rows(account_name), new_server.server->rows(account_name));
  }

  GatedServer old_server{"old"};
  GatedServer new_server{"new"};
  std::filesystem::path folder = fresh_folder("switch-" + std::to_string(::getpid()));
};

TEST_F(Switches, over_and_back_and_over_again_under_load_loses_no_write) {
  Clients clients(old_server, new_server);
  RunningTwoWay run(old_server, new_server, folder);
  int open_before_it_was_guarded = 0;
  for (const auto direction :
       {SwitchDirection::cutover, SwitchDirection::rollback, SwitchDirection::cutover}) {
    ASSERT_TRUE(run.wait_proved());
    const auto before = clients.acknowledged().size();
    const auto view = run.do_switch(direction);
    ASSERT_FALSE(view.error_code) << *view.error_message;
    if (open_before_it_was_guarded == 0) open_before_it_was_guarded = clients.both_open();
    const bool over = direction == SwitchDirection::cutover;
    EXPECT_EQ(run.state(), over ? "switched" : "following");
    EXPECT_EQ(old_server.closed(), over);
    EXPECT_EQ(new_server.closed(), !over);
    EXPECT_GE(view.certificate.at("rows_proved").get<int>(), 500);
    // Clients go on where they are let in, and the other side is kept equal.
    ASSERT_TRUE(run.wait_until([&] { return clients.acknowledged().size() > before + 50; }, 30s));
  }
  EXPECT_EQ(clients.both_open(), open_before_it_was_guarded);
  clients.finish();
  expect_holds(new_server, clients.acknowledged());
}

TEST_F(Switches, what_acts_by_itself_moves_to_the_side_that_is_written_to) {
  old_server.set_acting(acting("event", "hourly"), true);
  old_server.set_acting(acting("trigger", "on_insert"), true);
  RunningTwoWay run(old_server, new_server, folder);
  for (const auto direction : {SwitchDirection::cutover, SwitchDirection::rollback}) {
    ASSERT_TRUE(run.wait_proved());
    const auto view = run.do_switch(direction);
    ASSERT_FALSE(view.error_code) << *view.error_message;
    const bool over = direction == SwitchDirection::cutover;
    EXPECT_EQ((over ? new_server : old_server).acting().size(), 2U);
    EXPECT_EQ((over ? old_server : new_server).acting().size(), 0U);
  }
}

// Whatever is in the way is undone: the source takes writes again, and the next try succeeds.
TEST_F(Switches, what_is_in_the_way_undoes_it) {
  Clients clients(old_server, new_server);
  RunningTwoWay run(old_server, new_server, folder);
  const auto expect_undone = [&](const SwitchView& view, const std::string& code) {
    EXPECT_EQ(view.error_code, code);
    EXPECT_EQ(run.state(), "following");
    EXPECT_FALSE(old_server.closed());
    const auto before = clients.acknowledged().size();
    EXPECT_TRUE(run.wait_until([&] { return clients.acknowledged().size() > before + 20; }, 30s));
    ASSERT_TRUE(run.wait_proved());
  };
  ASSERT_TRUE(run.wait_proved());
  run.old_guard().cannot_be_raised = true;
  expect_undone(run.do_switch(SwitchDirection::cutover), "test.not_raised");
  run.old_guard().cannot_be_raised = false;
  run.old_guard().leaves_somebody = true;
  expect_undone(run.do_switch(SwitchDirection::cutover), "seal.writers_left");
  run.old_guard().leaves_somebody = false;
  expect_undone(run.do_switch(SwitchDirection::cutover, {.max_downtime = 0ms}), "cutover.too_long");
  run.queue().never_ends = true;
  expect_undone(run.do_switch(SwitchDirection::cutover), "test.not_drained");
  run.queue().never_ends = false;
  // Back from nowhere, and over twice.
  EXPECT_EQ(run.do_switch(SwitchDirection::rollback).error_code, "cutover.refused");
  EXPECT_FALSE(run.do_switch(SwitchDirection::cutover).error_code);
  EXPECT_EQ(run.do_switch(SwitchDirection::cutover).error_code, "cutover.refused");
}

// A guard that goes up too slowly is told to stop.
TEST_F(Switches, is_not_held_up_by_a_guard) {
  RunningTwoWay run(old_server, new_server, folder);
  ASSERT_TRUE(run.wait_proved());
  run.old_guard().goes_up_slowly = true;
  const auto began = std::chrono::steady_clock::now();
  const auto view = run.do_switch(SwitchDirection::cutover, {.max_downtime = 200ms});
  EXPECT_EQ(view.error_code, "cutover.too_long");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_FALSE(old_server.closed());
}

TEST_F(Switches, wait_for_what_has_to_end_outside) {
  RunningTwoWay run(old_server, new_server, folder);
  ASSERT_TRUE(run.wait_proved());
  run.queue().is_missing = true;
  EXPECT_EQ(run.do_switch(SwitchDirection::cutover).error_code, "cutover.refused");
  EXPECT_EQ(run.queue().waited_for, 0);
  run.queue().is_missing = false;
  const auto view = run.do_switch(SwitchDirection::cutover, {.max_downtime = 3s});
  ASSERT_FALSE(view.error_code) << *view.error_message;
  EXPECT_EQ(run.queue().waited_for, 1);
  EXPECT_LE(run.queue().given_ms, 3000);
  std::vector<std::string> steps;
  for (const auto& step : view.steps) steps.push_back(step.what);
  const auto waited = std::find(steps.begin(), steps.end(), "wait for the queue");
  ASSERT_NE(waited, steps.end());
  EXPECT_EQ(*std::next(waited), "take the final position");
}

// One process gets ready for a switch and is killed at a side effect of it; another goes on from
// what it left.
class Killed : public Switches, public testing::WithParamInterface<SwitchDirection> {
 protected:
  // False: it came to its end before that side effect.
  bool killed_at(int step, GatedServer& from, GatedServer& to, const std::filesystem::path& at) {
    auto death = std::make_shared<Death>();
    RunningTwoWay run(from, to, at, death);
    EXPECT_TRUE(run.wait_proved());
    if (GetParam() == SwitchDirection::rollback) {
      EXPECT_FALSE(run.do_switch(SwitchDirection::cutover).error_code);
      EXPECT_TRUE(run.wait_proved());
    }
    death->at(step);
    (void)run.do_switch(GetParam());
    return death->dead();
  }
};

TEST_P(Killed, anywhere_it_ends_with_one_side_open_and_loses_no_write) {
  int step = 1;
  for (bool killed = true; killed && !HasFailure(); ++step) {
    SCOPED_TRACE("killed at side effect " + std::to_string(step));
    GatedServer from("old");
    GatedServer to("new");
    from.server->create_table(account_table());
    for (int id = 0; id < 200; ++id) {
      from.server->insert(account_name, account(id, "o", "tag" + std::to_string(id)));
    }
    from.set_acting(acting("event", "hourly"), true);
    from.set_acting(acting("trigger", "on_insert"), true);
    const auto at = fresh_folder("killed-" + std::to_string(step));
    Clients clients(from, to);
    killed = killed_at(step, from, to, at);
    RunningTwoWay next(from, to, at);
    ASSERT_TRUE(next.wait_proved());
    const bool over = next.migration().status().active == "target";
    EXPECT_EQ(next.state(), over ? "switched" : "following");
    EXPECT_FALSE((over ? to : from).closed());
    // What acts by itself does so there, and nowhere else.
    EXPECT_EQ((over ? to : from).acting().size(), 2U);
    EXPECT_EQ((over ? from : to).acting().size(), 0U);
    const auto before = clients.acknowledged().size();
    EXPECT_TRUE(next.wait_until([&] { return clients.acknowledged().size() > before + 20; }, 30s));
    // From either end the other one can be reached.
    const auto view = next.do_switch(over ? SwitchDirection::rollback : SwitchDirection::cutover);
    EXPECT_FALSE(view.error_code) << *view.error_message;
    EXPECT_NE(from.closed(), to.closed());
    clients.finish();
    expect_holds(over ? from : to, clients.acknowledged());
    std::filesystem::remove_all(at);
  }
  EXPECT_GT(step, 10);
}

INSTANTIATE_TEST_SUITE_P(In, Killed,
                         testing::Values(SwitchDirection::cutover, SwitchDirection::rollback),
                         [](const auto& which) { return std::string(to_string(which.param)); });

}  // namespace
}  // namespace wherry::engine
