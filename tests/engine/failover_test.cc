// Replicas take the place of source and target, on servers in memory: the migration goes on where
// that is safe, ends equal and proved, and stops by name where it is not.

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "journal/sqlite.h"
#include "tests/engine/row_test_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;
using stores::memory::Row;
using stores::memory::Server;
using stores::memory::Transaction;
using tests::Faults;

class Failovers : public testing::Test {
 protected:
  Failovers() { fill(); }
  ~Failovers() override { std::filesystem::remove_all(folder); }

  void begin_anew() {
    source = std::make_shared<Server>("old");
    target = std::make_shared<Server>("new");
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    fill();
  }
  void fill() {
    source->create_table(account_table());
    source->transaction([](Transaction& t) {
      for (int id = 0; id < 1500; id += 2) {
        t.insert(account_name, account(id, "owner " + std::to_string(id), std::to_string(id)));
      }
    });
  }
  // Changes the table's definition, and a row behind that.
  void widen(bool computed) {
    auto wider = account_table();
    wider.columns.push_back(wider.columns.back());
    wider.columns.back().name = "more";
    source->transaction([&](Transaction& t) {
      if (computed) {
        t.define(account_name, wider, [](const Row& row) { return *row.at(1) + " computed"; });
      } else {
        t.define(account_name, wider);
      }
    });
    source->insert(account_name, wide_account(5001, "behind it"));
  }
  static Row wide_account(int id, const std::string& more) {
    Row row = account(id, "wide", "w" + std::to_string(id));
    row.emplace_back(more);
    return row;
  }

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
  int planned_anew() {
    const auto events = journal::open_sqlite(folder / "journal.sqlite")->events();
    return static_cast<int>(std::count_if(events.begin(), events.end(), [](const auto& event) {
      return event.from == "copying" && event.to == "planned";
    }));
  }
  // In a transaction that says that it is the migration's own.
  void lose_a_row_that_no_log_tells() {
    contract::Fence fence{"bank", 0};
    target->with_progress([&](const stores::memory::Progress& progress) {
      fence.epoch = progress.leases.at(fence.migration).epoch;
    });
    target->transaction([&](Transaction& t) {
      t.check(fence);
      t.erase(account_name, model::Key({"10"}));
    });
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
  EXPECT_EQ(told().at(0).find("copied again"), std::string::npos) << told().at(0);
}

// Following stands still at the stream's start while everything is copied, with what was written
// after it.
TEST_F(Failovers, rows_that_were_copied_beyond_what_the_new_source_has_do_not_stay) {
  journal::open_sqlite(folder / "journal.sqlite")->set_fact("paused", "yes");
  const auto faults = std::make_shared<Faults>();
  faults->hold_windows = true;
  {
    RunningMigration run(source, target, folder, faults);
    ASSERT_TRUE(run.wait_until(30s, [&] { return run.migration().status().state == "copying"; }));
    source->insert(account_name, account(2001, "copied, then lost", "lost"));
    source->update(account_name, model::Key({"10"}), account(10, "changed", "changed"));
    source->update(account_name, model::Key({"12"}), account(2003, "moved", "12"));
    source->remove(account_name, model::Key({"14"}));
    run.migration().resume();
    ASSERT_TRUE(run.wait_until(30s, [&] { return run.migration().status().state == "following"; }));
    faults->crashed = true;
  }
  ASSERT_EQ(source->rows(account_name), target->rows(account_name));
  ASSERT_EQ(commits_beyond_target(), 4U) << "nothing is beyond the position: nothing is tried";
  source->fail_over("replica", commits_beyond_target());
  settle();
  EXPECT_EQ(source->rows(account_name), target->rows(account_name));
  ASSERT_EQ(told().size(), 1U);
  EXPECT_NE(told().at(0).find("chunks are copied again"), std::string::npos) << told().at(0);
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
  source->fail_over("replica");
  lose_a_row_that_no_log_tells();
  ASSERT_TRUE(
      run.wait_until(60s, [&] { return run.migration().status().tables.at(0).differences == 1; }));
  EXPECT_FALSE(run.migration().is_settled(true));
}

TEST_F(Failovers, nor_do_they_after_a_crash_right_behind_the_change_over) {
  settle();
  source->fail_over("replica");
  const auto faults = std::make_shared<Faults>();
  faults->crash_after_commit = 1;
  {
    RunningMigration run(source, target, folder, faults);
    ASSERT_TRUE(run.wait_until(60s, [&] { return faults->crashed.load(); }) || run.ended());
  }
  ASSERT_EQ(told().size(), 1U);
  EXPECT_TRUE(journal::open_sqlite(folder / "journal.sqlite")->proofs().empty());
  lose_a_row_that_no_log_tells();
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(
      run.wait_until(60s, [&] { return run.migration().status().tables.at(0).differences == 1; }));
}

TEST_F(Failovers, nor_do_they_on_a_replica_of_the_target) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(60s));
  target->fail_over("replica");
  lose_a_row_that_no_log_tells();
  ASSERT_TRUE(
      run.wait_until(60s, [&] { return run.migration().status().tables.at(0).differences == 1; }));
}

TEST_F(Failovers, nor_do_they_where_the_replicas_log_has_a_place_like_the_watchs_last) {
  target->fail_over("replica");
  settle();
  const auto watched_to = target->log_end();
  for (int i = 0; i < 600; ++i) target->transaction([](Transaction&) {});
  target->fail_over("replica of the replica");
  ASSERT_GE(target->log_end(), watched_to);
  lose_a_row_that_no_log_tells();
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(
      run.wait_until(60s, [&] { return run.migration().status().tables.at(0).differences == 1; }));
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

// The instants around a change of definition that the new source has too.
TEST_F(Failovers, amid_a_change_of_definition_it_is_made_once) {
  for (const bool computed : {false, true}) {
    for (int n = 0; n <= 4; ++n) {
      SCOPED_TRACE(std::to_string(n) + (computed ? ", copied again" : ""));
      begin_anew();
      settle();
      widen(computed);
      const auto faults = std::make_shared<Faults>();
      if (n == 0) {
        faults->crash_before_ddl = 1;
      } else {
        faults->crash_after_commit = n;
      }
      {
        RunningMigration run(source, target, folder, faults);
        (void)run.wait_settled(60s);
      }
      source->fail_over("replica");
      source->insert(account_name, wide_account(7001, "behind it"));
      settle();
      EXPECT_EQ(source->rows(account_name), target->rows(account_name));
      EXPECT_EQ(told().size(), 1U);
    }
  }
}

TEST_F(Failovers, a_change_of_definition_that_was_begun_and_that_the_new_source_lacks_is_not_made) {
  for (const bool computed : {false, true}) {
    SCOPED_TRACE(computed);
    begin_anew();
    settle();
    const auto before = source->log_end().offset;
    widen(computed);
    const auto faults = std::make_shared<Faults>();
    faults->crash_before_ddl = 1;
    {
      RunningMigration run(source, target, folder, faults);
      ASSERT_TRUE(run.wait_until(60s, [&] { return faults->crashed.load(); }) || run.ended());
    }
    ASSERT_TRUE(faults->crashed);
    source->fail_over("replica", source->log_end().offset - before);
    source->insert(account_name, account(7001, "as before it", "7001"));
    settle();
    EXPECT_EQ(source->rows(account_name), target->rows(account_name));
  }
}

TEST_F(Failovers, a_change_of_definition_that_was_made_and_that_the_new_source_lacks_is_refused) {
  settle();
  const auto before = source->log_end().offset;
  widen(false);
  settle();
  source->fail_over("replica", source->log_end().offset - before);
  EXPECT_EQ(code_that_ends_a_run(), "source.lost_transactions");
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

// Whatever of planning it keeps: tables, none, or not even the lease.
TEST_F(Failovers, a_target_that_loses_the_streams_start_before_anything_was_copied_is_begun_anew) {
  for (const bool in_mid_run : {false, true}) {
    for (std::uint64_t lost = 1; lost < 20; ++lost) {
      SCOPED_TRACE(std::to_string(lost) + (in_mid_run ? ", in mid-run" : ""));
      begin_anew();
      journal::open_sqlite(folder / "journal.sqlite")->set_fact("paused", "yes");
      std::optional<RunningMigration> run;
      run.emplace(source, target, folder);
      ASSERT_TRUE(
          run->wait_until(30s, [&] { return run->migration().status().state == "copying"; }));
      if (!in_mid_run) run.reset();
      const bool lost_all = target->log_end().offset <= lost;
      target->crash(lost);
      source->insert(account_name, account(9001, "meanwhile", "m"));
      if (!in_mid_run) run.emplace(source, target, folder);
      run->migration().resume();
      expect_settles_equal(*run);
      if (lost_all) break;
    }
    ASSERT_EQ(planned_anew(), 1);
  }
}

TEST_F(Failovers, a_target_that_loses_all_of_what_was_copied_in_the_middle_of_it_is_begun_anew) {
  const auto faults = std::make_shared<Faults>();
  faults->slow_chunks = 50ms;
  {
    RunningMigration run(source, target, folder, faults);
    ASSERT_TRUE(run.wait_until(30s, [&] { return faults->commits >= 2; }));
    ASSERT_EQ(run.migration().status().state, "copying") << "all is copied: nothing is tried";
    target->crash(target->log_end().offset);
    faults->slow_chunks = 0ms;
    expect_settles_equal(run);
  }
  EXPECT_EQ(planned_anew(), 1);
}

TEST_F(Failovers, a_target_that_forgets_the_stream_and_not_the_rows_is_refused) {
  const auto faults = std::make_shared<Faults>();
  faults->slow_chunks = 50ms;
  {
    RunningMigration run(source, target, folder, faults);
    ASSERT_TRUE(run.wait_until(30s, [&] { return faults->commits >= 2; }));
    ASSERT_EQ(run.migration().status().state, "copying") << "all is copied: nothing is tried";
    faults->crashed = true;
  }
  target->transaction([](Transaction& t) { t.assign(t.progress().streams, "bank", std::nullopt); });
  const auto rows = target->rows(account_name);
  EXPECT_EQ(code_that_ends_a_run(), "target.table_exists");
  EXPECT_EQ(target->rows(account_name), rows);
}

TEST_F(Failovers, a_target_that_is_emptied_after_all_was_copied_is_refused) {
  settle();
  target->crash(target->log_end().offset);
  EXPECT_EQ(code_that_ends_a_run(), "target.progress_missing");
  EXPECT_TRUE(target->definitions().empty());
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
