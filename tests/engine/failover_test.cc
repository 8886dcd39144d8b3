// Replicas take the place of source and target, on servers in memory: the migration goes on where
// that is safe, ends equal and proved, and stops by name where it is not.

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "journal/sqlite.h"
#include "tests/engine/row_test_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;
using stores::memory::Server;
using stores::memory::Transaction;
using tests::Faults;

class Failovers : public testing::Test {
 protected:
  Failovers() {
    source->create_table(account_table());
    source->transaction([](Transaction& t) {
      for (int id = 0; id < 1500; id += 2) {
        t.insert(account_name, account(id, "owner " + std::to_string(id), std::to_string(id)));
      }
    });
  }
  ~Failovers() override { std::filesystem::remove_all(folder); }

  void expect_settles_equal(RunningMigration& run) {
    ASSERT_TRUE(run.wait_settled(60s)) << (run.ended() ? run.error().value().what() : "runs on");
    EXPECT_EQ(source->rows(account_name), target->rows(account_name));
    EXPECT_EQ(run.migration().status().tables.at(0).differences, 0U);
    EXPECT_FALSE(run.error());
  }
  void settle() {
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(run.wait_settled(60s));
    EXPECT_FALSE(run.error());
  }
  std::string code_that_ends_a_run() {
    RunningMigration run(source, target, folder);
    EXPECT_TRUE(run.wait_until(20s, [&] { return run.ended(); }) || run.ended());
    const auto error = run.error();
    return error ? error->code() : "none";
  }
  // What the history says of failovers. Requires: no run.
  std::vector<std::string> told() {
    std::vector<std::string> out;
    for (const auto& event : journal::open_sqlite(folder / "journal.sqlite")->events()) {
      if (event.kind == "failover") out.push_back(event.detail);
    }
    return out;
  }
  model::Position position_on_target() {
    return *stores::memory::Target(target).load_progress("bank", {}).position;
  }
  std::uint64_t commits_beyond_target() {
    return source->log_end().offset - position_on_target().offset;
  }

  std::shared_ptr<Server> source = std::make_shared<Server>("old");
  std::shared_ptr<Server> target = std::make_shared<Server>("new");
  std::filesystem::path folder = fresh_folder("failover");
};

TEST_F(Failovers, a_replica_of_the_source_is_followed_on_at_any_instant) {
  const auto faults = std::make_shared<Faults>();
  RunningMigration run(source, target, folder, faults);
  {
    const Writers writers(source, 1);
    for (int i = 1; i <= 12; ++i) {
      const int so_far = faults->commits;
      ASSERT_TRUE(run.wait_until(30s, [&] { return faults->commits >= so_far + 3 * i; }));
      source->fail_over("old " + std::to_string(i));
    }
  }
  expect_settles_equal(run);
}

TEST_F(Failovers, a_replica_of_the_source_is_followed_on_by_the_next_run) {
  settle();
  source->fail_over("replica");
  source->insert(account_name, account(88'888, "there", "there"));
  settle();
  EXPECT_EQ(source->rows(account_name), target->rows(account_name));
  ASSERT_EQ(told().size(), 1U);
  EXPECT_NE(told().at(0).find("from old at"), std::string::npos) << told().at(0);
  EXPECT_NE(told().at(0).find("to replica at"), std::string::npos) << told().at(0);
}

TEST_F(Failovers, rows_that_were_copied_beyond_what_the_new_source_has_do_not_stay) {
  bool copied_again = false;
  for (unsigned seed = 1; !copied_again && seed <= 60; ++seed) {
    source = std::make_shared<Server>("old");
    target = std::make_shared<Server>("new");
    source->create_table(account_table());
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    const auto faults = std::make_shared<Faults>();
    faults->slow_chunks = 20ms;  // holds following back behind the other threads' reads
    {
      source->transaction([](Transaction& t) {
        for (int id = 0; id < 3000; id += 2) {
          t.insert(account_name, account(id, "owner", std::to_string(id)));
        }
      });
      RunningMigration run(source, target, folder, faults);
      {
        const Writers writers(source, seed);
        ASSERT_TRUE(run.wait_until(30s, [&] { return faults->commits >= 6; }));
      }
      run.migration().pause();
      std::this_thread::sleep_for(100ms);
      source->fail_over("replica", commits_beyond_target());
      run.migration().resume();
      expect_settles_equal(run);
    }
    ASSERT_EQ(told().size(), 1U);
    copied_again = copied_again || told().at(0).find("copied again") != std::string::npos;
  }
  EXPECT_TRUE(copied_again) << "no chunk was ever beyond the position: nothing was tried";
}

TEST_F(Failovers, a_new_source_that_lost_what_was_applied_is_refused) {
  settle();
  source->insert(account_name, account(77'777, "applied", "a"));
  settle();
  const auto before = target->rows(account_name);
  source->fail_over("replica", 1);
  source->insert(account_name, account(66'666, "in its place", "b"));
  EXPECT_EQ(code_that_ends_a_run(), "source.lost_transactions");
  EXPECT_EQ(target->rows(account_name), before);
  EXPECT_TRUE(told().empty());
}

TEST_F(Failovers, in_mid_run_too) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(60s));
  source->insert(account_name, account(77'777, "applied", "a"));
  ASSERT_TRUE(run.wait_settled(60s));
  source->fail_over("replica", 1);
  EXPECT_FALSE(run.wait_until(20s, [] { return false; }));
  ASSERT_TRUE(run.ended());
  EXPECT_EQ(run.error().value().code(), "source.lost_transactions");
}

TEST_F(Failovers, a_new_source_that_purged_what_was_not_applied_is_refused) {
  settle();
  source->insert(account_name, account(77'777, "not applied", "a"));
  source->fail_over("replica");
  source->purge_log(source->log_end());
  EXPECT_EQ(code_that_ends_a_run(), "source.log_purged");
}

TEST_F(Failovers, proofs_of_before_do_not_count) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(60s));
  const auto proved = run.migration().status().oldest_proof;
  // Behind everybody's back: no log shows it, a proof taken now does.
  source->fail_over("replica");
  target->transaction([](Transaction& t) { t.erase(account_name, model::Key({"10"})); });
  ASSERT_TRUE(
      run.wait_until(60s, [&] { return run.migration().status().tables.at(0).differences == 1; }));
  EXPECT_NE(run.migration().status().oldest_proof, proved);
  EXPECT_FALSE(run.migration().is_settled(true));
}

TEST_F(Failovers, killed_at_any_commit_around_it_the_next_run_goes_on) {
  for (int n = 1; n <= 6; ++n) {
    SCOPED_TRACE(n);
    settle();
    source->insert(account_name, account(50'000 + n, "before", "b" + std::to_string(n)));
    source->fail_over("replica " + std::to_string(n));
    {
      const auto faults = std::make_shared<Faults>();
      faults->crash_after_commit = n;  // the first is the change-over itself
      const Writers writers(source, static_cast<unsigned>(n));
      RunningMigration run(source, target, folder, faults);
      ASSERT_TRUE(run.wait_until(60s, [&] { return faults->crashed.load(); }) || run.ended());
    }
    settle();
    EXPECT_EQ(source->rows(account_name), target->rows(account_name));
  }
}

TEST_F(Failovers, a_target_that_loses_the_change_over_changes_over_again) {
  const auto faults = std::make_shared<Faults>();
  RunningMigration run(source, target, folder, faults);
  for (int i = 1; i <= 6; ++i) {
    ASSERT_TRUE(run.wait_settled(60s));
    source->fail_over("replica " + std::to_string(i));
    source->insert(account_name, account(40'000 + i, "after", "c" + std::to_string(i)));
    ASSERT_TRUE(run.wait_settled(60s));
    // The lease is renewed too: some of these reach back behind the change-over, some do not.
    target->crash(static_cast<std::uint64_t>(i));
    source->insert(account_name, account(41'000 + i, "later", "d" + std::to_string(i)));
  }
  expect_settles_equal(run);
}

TEST_F(Failovers, a_replica_of_the_target_is_written_on_with_and_without_lag) {
  const auto faults = std::make_shared<Faults>();
  RunningMigration run(source, target, folder, faults);
  {
    const Writers writers(source, 3);
    for (int i = 1; i <= 12; ++i) {
      const int so_far = faults->commits;
      ASSERT_TRUE(run.wait_until(30s, [&] { return faults->commits >= so_far + 3 * i; }));
      target->fail_over("new " + std::to_string(i), static_cast<std::uint64_t>(i % 5));
    }
  }
  expect_settles_equal(run);
}

TEST_F(Failovers, a_replica_of_the_target_is_written_on_by_the_next_run) {
  settle();
  source->insert(account_name, account(88'888, "meanwhile", "m"));
  target->fail_over("replica", 3);
  settle();
  EXPECT_EQ(source->rows(account_name), target->rows(account_name));
  ASSERT_EQ(told().size(), 1U);
  EXPECT_EQ(told().at(0), "target: from new to replica");
}

TEST_F(Failovers, both_sides_may_be_others) {
  settle();
  source->insert(account_name, account(88'888, "meanwhile", "m"));
  source->fail_over("source 2");
  target->fail_over("target 2", 2);
  settle();
  EXPECT_EQ(source->rows(account_name), target->rows(account_name));
}

TEST_F(Failovers, a_target_that_is_no_copy_is_refused_and_left_alone) {
  settle();
  target = std::make_shared<Server>("somebody's");
  const auto before = target->log_end();
  EXPECT_EQ(code_that_ends_a_run(), "target.not_a_copy");
  EXPECT_EQ(target->log_end(), before);
}

TEST_F(Failovers, a_copy_that_another_process_has_written_since_is_refused) {
  settle();
  stores::memory::Target other(target);
  (void)other.acquire({"bank", "another journal", 0s});
  target->fail_over("replica");
  EXPECT_EQ(code_that_ends_a_run(), "target.not_a_copy");
}

}  // namespace
}  // namespace wherry::engine
