// Rehearsals, on servers in memory: whatever a test does to the target, exactly that is undone,
// whatever instant a process is killed at.

#include <algorithm>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/engine/switch_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;
using stores::memory::Transaction;
using testing::ElementsAre;

constexpr auto a_day = std::chrono::hours(24);
const model::CollectionName diary_name{"bank", "diary"};    // without a key
const model::CollectionName things_name{"bank", "things"};  // they belong to accounts
const model::CollectionName made_name{"bank", "made_by_the_test"};

model::Key key(int id) { return model::Key({std::to_string(id)}); }

model::TableSchema table_named(const model::CollectionName& name, bool with_key) {
  model::TableSchema s = account_table();
  s.name = name;
  s.unique_keys = {{"PRIMARY", {0}, true}};
  if (with_key) return s;
  s.key.clear();
  s.key_index.clear();
  s.unique_keys.clear();
  return s;
}

void fill(GatedServer& side) {
  side.server->create_table(account_table());
  side.server->create_table(table_named(diary_name, false));
  side.server->create_table(table_named(things_name, true));
  for (int id = 0; id < 600; id += 2) {
    side.server->insert(account_name, account(id, "owner", "tag" + std::to_string(id)));
  }
  for (int id = 0; id < 20; ++id) {
    side.server->insert(diary_name, account(id, "wrote", "x"));
    side.server->insert(things_name, account(id, std::to_string(2 * id), "thing"));
  }
}

void expect_equal(const GatedServer& from, const GatedServer& to) {
  for (const auto& name : {account_name, diary_name, things_name}) {
    EXPECT_EQ(from.server->rows(name), to.server->rows(name)) << name.text();
  }
}

bool begin(RunningTwoWay& run) {
  if (!run.wait_proved()) return false;
  run.migration().begin_rehearsal(a_day);
  return run.state() == "rehearsing";
}

bool end(RunningTwoWay& run, bool resync = false) {
  run.migration().end_rehearsal(resync);
  return run.wait_until([&] { return run.migration().rehearsal().state == "following"; }, 30s);
}

// They are told once a second.
bool foreign_writes_told(RunningTwoWay& run) {
  std::this_thread::sleep_for(1500ms);
  const auto findings = run.migration().status().findings;
  return std::any_of(findings.begin(), findings.end(),
                     [](const auto& finding) { return finding.code == "target.foreign_writes"; });
}

class Rehearsals : public testing::Test {
 public:
  ~Rehearsals() override { std::filesystem::remove_all(folder); }

 protected:
  Rehearsals() { fill(source); }

  GatedServer source{"old"};
  GatedServer target{"new"};
  std::filesystem::path folder = fresh_folder("rehearsal-" + std::to_string(::getpid()));
};

TEST_F(Rehearsals, exactly_what_was_changed_is_read_again) {
  RunningTwoWay run(source, target, folder);
  ASSERT_TRUE(begin(run));
  EXPECT_FALSE(target.closed());
  target.server->transaction([](Transaction& t) {
    t.update(account_name, key(2), account(2, "tested", "tag2"));
    t.remove(account_name, key(4));
    t.insert(account_name, account(5, "made by the test", "new"));
    t.update(account_name, key(6), account(7, "moved", "tag6"));
  });
  // The same key on both sides, and one that is followed only afterwards.
  source.server->update(account_name, key(2), account(2, "changed meanwhile", "tag2"));
  source.server->insert(account_name, account(1, "new meanwhile", "tag1"));
  const auto view = run.migration().rehearsal();
  EXPECT_EQ(view.transactions, 1U);
  ASSERT_EQ(view.tables.size(), 1U);
  EXPECT_EQ(view.tables[0].keys, 5U);
  EXPECT_EQ(view.behind_bytes, 2U);
  EXPECT_FALSE(run.migration().status().all_proved());
  EXPECT_FALSE(run.migration().is_settled(false));

  ASSERT_TRUE(end(run));
  EXPECT_TRUE(target.closed()) << "its guard is up";
  ASSERT_TRUE(run.wait_settled());
  expect_equal(source, target);
  const auto last = run.migration().rehearsal().last;
  ASSERT_TRUE(last);
  EXPECT_EQ(last->keys, 5U);
  EXPECT_THAT(last->copied_again, ElementsAre());
  EXPECT_FALSE(foreign_writes_told(run));
  // Another one, and a cut-over, find everything as they need it.
  ASSERT_TRUE(begin(run));
  EXPECT_FALSE(target.closed());
  target.server->remove(account_name, key(8));
  ASSERT_TRUE(end(run));
  ASSERT_TRUE(run.wait_proved());
  expect_equal(source, target);
  EXPECT_FALSE(run.do_switch(SwitchDirection::cutover).error_code);
}

TEST_F(Rehearsals, while_it_goes_on_nothing_is_followed_and_nobody_blamed) {
  {
    RunningTwoWay run(source, target, folder);
    ASSERT_TRUE(begin(run));
    target.server->remove(account_name, key(4));
  }
  RunningTwoWay run(source, target, folder);
  source.server->insert(account_name, account(1, "new meanwhile", "tag1"));
  std::this_thread::sleep_for(200ms);
  EXPECT_EQ(run.state(), "rehearsing");
  EXPECT_EQ(target.server->rows(account_name).size(), 299U);
  EXPECT_EQ(run.do_switch(SwitchDirection::cutover).error_code, "cutover.refused");
  EXPECT_THROW(run.migration().begin_rehearsal(a_day), base::Error);
  EXPECT_EQ(run.migration().rehearsal().tables.at(0).keys, 1U);
  ASSERT_TRUE(end(run));
  ASSERT_TRUE(run.wait_settled());
  expect_equal(source, target);
  EXPECT_FALSE(foreign_writes_told(run));
  EXPECT_THROW(run.migration().end_rehearsal(false), base::Error);
}

TEST_F(Rehearsals, definitions_are_made_again_and_their_tables_copied) {
  RunningTwoWay run(source, target, folder);
  ASSERT_TRUE(begin(run));
  target.server->create_table(table_named(made_name, true));
  target.server->insert(made_name, account(1, "x", "y"));
  target.server->transaction([](Transaction& t) { t.define(things_name, std::nullopt); });
  auto wider = account_table();
  wider.columns.push_back(wider.columns.back());
  wider.columns.back().name = "added";
  target.server->transaction([&](Transaction& t) { t.define(account_name, wider); });
  ASSERT_TRUE(end(run));
  ASSERT_TRUE(run.wait_settled());
  expect_equal(source, target);
  const auto last = run.migration().rehearsal().last;
  ASSERT_TRUE(last);
  EXPECT_THAT(last->copied_again, testing::UnorderedElementsAre("bank.account", "bank.things"));
  EXPECT_THAT(last->dropped, ElementsAre("table bank.made_by_the_test"));
  EXPECT_THROW(target.server->rows(made_name), base::Error);
}

TEST_F(Rehearsals, a_table_without_a_key_is_copied_again) {
  RunningTwoWay run(source, target, folder);
  ASSERT_TRUE(begin(run));
  target.server->transaction(
      [](Transaction& t) { t.remove_row(diary_name, account(3, "wrote", "x")); });
  // Its row is not there when following comes to this.
  source.server->transaction(
      [](Transaction& t) { t.remove_row(diary_name, account(3, "wrote", "x")); });
  ASSERT_TRUE(end(run));
  ASSERT_TRUE(run.wait_settled());
  expect_equal(source, target);
  EXPECT_THAT(run.migration().rehearsal().last->copied_again, ElementsAre("bank.diary"));
}

// The log of the target shows the parent's removal alone.
TEST_F(Rehearsals, what_a_foreign_key_took_along_is_copied_again) {
  for (auto* side : {&source, &target}) {
    side->server->add_foreign_key({account_name,
                                   things_name,
                                   {0},
                                   {1},
                                   contract::CascadeAction::cascade,
                                   contract::CascadeAction::cascade});
  }
  RunningTwoWay run(source, target, folder);
  ASSERT_TRUE(begin(run));
  // This one takes nothing along.
  target.server->update(account_name, key(6), account(6, "tested", "tag6"));
  EXPECT_EQ(run.migration().rehearsal().tables.size(), 1U);
  target.server->remove(account_name, key(4));
  ASSERT_EQ(target.server->rows(things_name).size(), 19U);
  ASSERT_TRUE(end(run));
  ASSERT_TRUE(run.wait_settled());
  expect_equal(source, target);
  EXPECT_THAT(run.migration().rehearsal().last->copied_again, ElementsAre("bank.things"));
}

TEST_F(Rehearsals, what_the_log_does_not_tell_any_more_needs_all_to_be_copied) {
  RunningTwoWay run(source, target, folder);
  ASSERT_TRUE(begin(run));
  target.server->remove(account_name, key(4));
  target.server->purge_log(target.server->log_end());
  run.migration().end_rehearsal(false);
  ASSERT_TRUE(run.wait_until(
      [&] {
        const auto view = run.migration().rehearsal();
        return view.state == "rehearsing" && view.error_code == "rehearsal.log_lost";
      },
      30s));
  EXPECT_FALSE(target.closed()) << "the tests may go on";
  ASSERT_TRUE(end(run, true));
  ASSERT_TRUE(run.wait_settled());
  expect_equal(source, target);
  EXPECT_EQ(run.migration().rehearsal().last->copied_again.size(), 3U);
}

TEST_F(Rehearsals, somebody_who_still_writes_there_is_in_the_way_of_its_end) {
  RunningTwoWay run(source, target, folder);
  ASSERT_TRUE(begin(run));
  target.server->remove(account_name, key(4));
  run.new_guard().leaves_somebody = true;
  run.migration().end_rehearsal(false);
  ASSERT_TRUE(run.wait_until(
      [&] {
        const auto view = run.migration().rehearsal();
        return view.state == "rehearsing" && view.error_code == "rehearsal.writers_left";
      },
      30s));
  run.new_guard().leaves_somebody = false;
  ASSERT_TRUE(end(run));
  ASSERT_TRUE(run.wait_settled());
  expect_equal(source, target);
}

// One process begins a rehearsal and ends it, and is killed at a side effect of that; the next goes
// on from what it left. An earlier one left the target guarded.
TEST(RehearsalKilled, anywhere_it_goes_on_or_is_undone) {
  int step = 1;
  for (bool killed = true; killed && !testing::Test::HasFailure(); ++step) {
    SCOPED_TRACE("killed at side effect " + std::to_string(step));
    GatedServer from("old");
    GatedServer to("new");
    fill(from);
    const auto at = fresh_folder("rehearsal-killed-" + std::to_string(step));
    {
      auto death = std::make_shared<Death>();
      RunningTwoWay run(from, to, at, death);
      ASSERT_TRUE(begin(run));
      ASSERT_TRUE(end(run));
      ASSERT_TRUE(run.wait_proved());
      death->at(step);
      try {
        run.migration().begin_rehearsal(a_day);
        to.server->transaction([](Transaction& t) {
          t.remove(account_name, key(4));
          t.insert(account_name, account(5, "made by the test", "new"));
          t.remove_row(diary_name, account(3, "wrote", "x"));
        });
        to.server->transaction([](Transaction& t) { t.define(things_name, std::nullopt); });
        from.server->update(account_name, key(4), account(4, "changed meanwhile", "tag4"));
        (void)end(run);
      } catch (const base::Error&) {
        // Killed.
      }
      killed = death->dead();
    }
    RunningTwoWay next(from, to, at);
    if (next.state() == "rehearsing") {
      ASSERT_TRUE(next.wait_until([&] { return !to.closed(); }, 30s));
      next.migration().end_rehearsal(false);
    }
    ASSERT_TRUE(next.wait_settled());
    EXPECT_EQ(next.state(), "following");
    expect_equal(from, to);
    EXPECT_TRUE(to.closed());
    std::filesystem::remove_all(at);
  }
  EXPECT_GT(step, 8);
}

}  // namespace
}  // namespace wherry::engine
