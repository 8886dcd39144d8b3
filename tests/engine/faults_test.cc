// What must hold whatever breaks, on servers in memory: the next run, or the same one, makes the
// target equal to the source, says "proved" only of what is equal, and raises no false alarm.
// WHERRY_SOAK tries many more instants; WHERRY_SEED chooses others.

#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <set>
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

unsigned seed() {
  const char* value = std::getenv("WHERRY_SEED");
  return value == nullptr ? 1U : static_cast<unsigned>(std::atoi(value));
}

// Instants to break something at: the first two, the rest drawn.
std::set<int> sample(int most) {
  const bool soak = std::getenv("WHERRY_SOAK") != nullptr;
  std::mt19937 random(seed());
  std::set<int> out{1, 2};
  while (out.size() < (soak ? 60U : 6U)) {
    out.insert(1 + static_cast<int>(random() % static_cast<unsigned>(most)));
  }
  return out;
}

// A source with rows, an empty target, and what is left of them after a case.
struct Case {
  explicit Case(const std::string& name) : folder(fresh_folder(name)) {
    source->create_table(account_table());
    source->transaction([](Transaction& t) {
      for (int id = 0; id < 1500; id += 2) {
        t.insert(account_name, account(id, "owner " + std::to_string(id), std::to_string(id)));
      }
    });
  }
  ~Case() { std::filesystem::remove_all(folder); }
  Case(const Case&) = delete;
  Case& operator=(const Case&) = delete;

  // Settled means equal, and without a false alarm on the way.
  void expect_settles_equal(RunningMigration& run) const {
    ASSERT_TRUE(run.wait_settled(30s));
    EXPECT_EQ(source->rows(account_name), target->rows(account_name));
    EXPECT_EQ(run.migration().status().tables.at(0).differences, 0U);
    EXPECT_FALSE(run.error());
  }

  std::shared_ptr<Server> source = std::make_shared<Server>("old");
  std::shared_ptr<Server> target = std::make_shared<Server>("new");
  std::shared_ptr<Faults> faults = std::make_shared<Faults>();
  std::filesystem::path folder;
};

// Moves under write load until the fault has happened, and then until everything is equal.
void run_through(Case& c, const std::function<bool()>& happened) {
  RunningMigration run(c.source, c.target, c.folder, c.faults);
  {
    const Writers writers(c.source, seed());
    ASSERT_TRUE(run.wait_until(60s, happened));
  }
  c.expect_settles_equal(run);
}

TEST(Faults, a_failed_write_at_any_instant_is_done_again) {
  for (const int n : sample(150)) {
    SCOPED_TRACE("write " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("failed-write");
    c.faults->fail_write = n;
    run_through(c, [&] { return c.faults->fail_write == 0; });
  }
}

TEST(Faults, a_connection_lost_at_a_commit_that_did_not_happen_loses_nothing) {
  for (const int n : sample(100)) {
    SCOPED_TRACE("commit " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("lost-commit");
    c.faults->lose_commit = n;
    run_through(c, [&] { return c.faults->lose_commit == 0; });
  }
}

TEST(Faults, a_connection_lost_at_a_commit_that_happened_does_nothing_twice) {
  for (const int n : sample(100)) {
    SCOPED_TRACE("commit " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("unknown-commit");
    c.faults->lost_commit_happens = true;
    c.faults->lose_commit = n;
    run_through(c, [&] { return c.faults->lose_commit == 0; });
  }
}

TEST(Faults, a_change_of_definition_whose_answer_is_lost_is_known_when_it_happened) {
  const Case c("ddl");
  const auto faults = std::make_shared<Faults>();
  RunningMigration run(c.source, c.target, c.folder, faults);
  ASSERT_TRUE(run.wait_settled(30s));
  faults->lose_ddl = 1;
  auto wider = account_table();
  wider.columns.push_back(wider.columns.back());
  wider.columns.back().name = "more";
  c.source->transaction([&](Transaction& t) { t.define(account_name, wider); });
  c.source->transaction([](Transaction& t) {
    auto row = account(1, "one", "1");
    row.push_back("cell of the new column");
    t.insert(account_name, row);
  });
  c.expect_settles_equal(run);
  EXPECT_EQ(faults->lose_ddl, 0);
}

// Who began a migration has been told what is wrong in its configuration; a server that does not
// answer later is waited for, in planning too.
TEST(Faults, a_planning_that_was_cut_short_waits_for_servers_that_do_not_answer) {
  const Case c("greeting");
  c.faults->lose_greeting = 1;
  {
    RunningMigration run(c.source, c.target, c.folder, c.faults);
    ASSERT_TRUE(run.wait_until(30s, [&] { return run.ended(); }));
    ASSERT_TRUE(run.error());
    EXPECT_EQ(run.error()->code(), "test.lost");
  }
  journal::open_sqlite(c.folder / "journal.sqlite")->set_fact("source_identity", "old");
  c.faults->lose_greeting = 1;
  RunningMigration run(c.source, c.target, c.folder, c.faults);
  c.expect_settles_equal(run);
  EXPECT_EQ(c.faults->lose_greeting, 0);
}

TEST(Faults, after_a_crash_behind_any_commit_the_next_run_goes_on) {
  for (const int n : sample(100)) {
    SCOPED_TRACE("commit " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("crash");
    c.faults->crash_after_commit = n;
    {
      const Writers writers(c.source, seed());
      RunningMigration run(c.source, c.target, c.folder, c.faults);
      ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->crashed.load(); }) || run.ended());
    }
    ASSERT_TRUE(c.faults->crashed);
    c.faults->crashed = false;
    run_through(c, [] { return true; });
  }
}

TEST(Faults, planning_that_was_cut_short_behind_the_start_of_the_stream_is_repeated) {
  Case c("planning");
  stores::memory::Target target(c.target);
  const auto fence = target.acquire({"bank", "an earlier attempt", 15s});
  target.start_stream(fence, c.source->log_end());
  target.release(fence);
  c.source->insert(account_name, account(88'888, "later", "later"));
  run_through(c, [] { return true; });
}

TEST(Faults, crash_after_crash_it_gets_there) {
  Case c("crashes");
  std::mt19937 random(seed());
  {
    const Writers writers(c.source, seed());
    for (int i = 0; i < 12; ++i) {
      c.faults->crashed = false;
      c.faults->crash_after_commit = 1 + static_cast<int>(random() % 12);
      RunningMigration run(c.source, c.target, c.folder, c.faults);
      ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->crashed.load(); }) || run.ended());
    }
  }
  c.faults->crashed = false;
  c.faults->crash_after_commit = 0;
  run_through(c, [] { return true; });
}

TEST(Faults, a_target_that_loses_chunks_while_it_is_copied_to_gets_them_again) {
  for (const int n : sample(25)) {
    SCOPED_TRACE("after commit " + std::to_string(n) + ", seed " + std::to_string(seed()));
    Case c("lost-chunks");
    RunningMigration run(c.source, c.target, c.folder, c.faults);
    {
      const Writers writers(c.source, seed());
      ASSERT_TRUE(run.wait_until(60s, [&] { return c.faults->commits >= n; }));
      c.target->crash(static_cast<std::uint64_t>(n % 7));
    }
    c.expect_settles_equal(run);
  }
}

TEST(Faults, a_target_that_loses_proved_chunks_does_not_keep_their_proofs) {
  Case c("lost-proved-chunks");
  RunningMigration run(c.source, c.target, c.folder, c.faults);
  ASSERT_TRUE(run.wait_settled(60s));
  // Everything since the tables were made and the stream was begun: all chunks, all proved.
  c.target->crash(static_cast<std::uint64_t>(c.faults->commits.load()));
  EXPECT_FALSE(run.migration().is_settled(true)) << "who asks at once is told of what is gone";
  c.source->insert(account_name, account(99'999, "wakes following", "w"));
  c.expect_settles_equal(run);
}

TEST(Faults, a_chunk_that_is_long_on_its_way_does_not_overwrite_newer_changes) {
  Case c("slow-chunks");
  c.faults->slow_chunks = 30ms;
  RunningMigration run(c.source, c.target, c.folder, c.faults);
  {
    const Writers writers(c.source, seed());
    ASSERT_TRUE(run.wait_until(60s, [&] { return run.migration().status().state == "following"; }));
  }
  c.expect_settles_equal(run);
}

TEST(Faults, a_source_that_restarts_at_any_time_is_followed_on) {
  Case c("source-restarts");
  RunningMigration run(c.source, c.target, c.folder, c.faults);
  std::mt19937 random(seed());
  {
    const Writers writers(c.source, seed());
    for (int i = 0; i < 20; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 40));
      c.source->crash();
      ASSERT_FALSE(run.ended());
    }
  }
  c.expect_settles_equal(run);
}

TEST(Faults, what_somebody_else_breaks_on_the_target_under_load_never_passes_as_equal) {
  Case c("foreign");
  RunningMigration run(c.source, c.target, c.folder, c.faults);
  std::mt19937 random(seed());
  {
    const Writers writers(c.source, seed());
    for (int i = 0; i < 30; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 10));
      try {
        c.target->transaction([&](Transaction& t) {
          t.erase(account_name, model::Key({std::to_string(2 * (random() % 750))}));
        });
      } catch (const base::Error&) {
        continue;  // the table is not made yet
      }
    }
  }
  // What was broken behind a proof is found when all proofs are taken again.
  run.migration().verify();
  const auto settled_or_told = [&] {
    return run.migration().is_settled(true) ||
           run.migration().status().tables.at(0).differences != 0;
  };
  ASSERT_TRUE(run.wait_until(60s, settled_or_told));
  if (run.migration().status().tables.at(0).differences == 0) {
    EXPECT_EQ(c.source->rows(account_name), c.target->rows(account_name));
  } else {
    EXPECT_NE(c.source->rows(account_name), c.target->rows(account_name));
    EXPECT_FALSE(run.migration().is_settled(true));
  }
}

}  // namespace
}  // namespace wherry::engine
