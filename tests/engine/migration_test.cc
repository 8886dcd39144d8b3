#include "engine/migration.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/sqlite.h"
#include "tests/engine/row_test_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;
using stores::memory::Server;
using stores::memory::Transaction;

class Migrations : public testing::Test {
 public:
  ~Migrations() override { std::filesystem::remove_all(folder); }

 protected:
  Migrations() {
    source->create_table(account_table());
    for (int id = 0; id < 2000; id += 2) {
      source->insert(account_name,
                     account(id, "owner " + std::to_string(id), "tag" + std::to_string(id)));
    }
  }
  static auto differences_told(const Status& s) {
    return std::count_if(s.findings.begin(), s.findings.end(),
                         [](const auto& f) { return f.code == "proof.difference"; });
  }
  void expect_equal() const { EXPECT_EQ(source->rows(account_name), target->rows(account_name)); }

  std::shared_ptr<Server> source = std::make_shared<Server>("old");
  std::atomic<std::chrono::hours> target_clock_ahead{0h};
  std::shared_ptr<Server> target = std::make_shared<Server>(
      "new", [this] { return std::chrono::system_clock::now() + target_clock_ahead.load(); });
  std::filesystem::path folder =
      fresh_folder(testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Migrations, everything_arrives_and_is_proved_while_writes_go_on) {
  {
    RunningMigration run(source, target, folder);
    {
      const Writers writers(source, 1);
      ASSERT_TRUE(run.wait_until(30s, [&] {
        const Status s = run.migration().status();
        return s.all_proved() && s.transactions > 200;
      }));
      EXPECT_EQ(run.migration().status().tables.at(0).differences, 0U);
    }
    EXPECT_TRUE(run.wait_settled(30s));
    EXPECT_FALSE(run.error());
  }
  expect_equal();
}

// Chunks of a megabyte, pieces of a quarter of it.
TEST_F(Migrations, a_source_that_others_use_is_read_in_pieces_and_proved_whole) {
  source->transaction([](Transaction& t) {
    for (int id = 3001; id < 6000; ++id) {
      t.insert(account_name, account(id, std::string(1000, 'x'), "big" + std::to_string(id)));
    }
  });
  auto faults = std::make_shared<tests::Faults>();
  faults->slow_chunks = 700ms;
  std::jthread others([&](const std::stop_token& stop) {
    for (std::uint64_t n = 0; !stop.stop_requested(); n += 1000) {
      source->set_load({std::nullopt, std::nullopt, n});
      std::this_thread::sleep_for(100ms);
    }
  });
  RunningMigration run(source, target, folder, faults, 1U << 20U);
  EXPECT_TRUE(run.wait_until(30s, [&] { return run.migration().status().yielding; }));
  faults->slow_chunks = 0ms;
  run.migration().verify();
  EXPECT_TRUE(run.wait_settled(30s));
  EXPECT_TRUE(run.migration().status().yielding);
  EXPECT_FALSE(run.error());
  expect_equal();
}

TEST_F(Migrations, what_filled_tables_lack_is_made_before_following_is_all_there_is) {
  const auto lacking = [&] {
    return stores::memory::Target(target).load_progress("bank", {}).being_filled.size();
  };
  auto faults = std::make_shared<tests::Faults>();
  faults->slow_chunks = 100ms;
  {
    RunningMigration run(source, target, folder, faults);
    EXPECT_TRUE(run.wait_until(30s, [&] { return faults->commits > 0; }));
    EXPECT_EQ(lacking(), 1U);
  }
  EXPECT_EQ(faults->ends_of_filling, 0);  // stopped amid the copy
  faults->slow_chunks = 0ms;
  faults->fail_end_of_filling = 1;
  {
    RunningMigration run(source, target, folder, faults);
    EXPECT_TRUE(run.wait_until(30s, [&] { return run.migration().status().state == "following"; }));
    EXPECT_EQ(faults->ends_of_filling, 1);
    EXPECT_EQ(lacking(), 0U);
    EXPECT_TRUE(run.wait_settled(30s));
  }
  expect_equal();
}

TEST_F(Migrations, a_commit_that_shows_in_the_log_before_it_is_visible_is_not_lost) {
  source->set_visibility_lag(3);
  {
    RunningMigration run(source, target, folder);
    {
      const Writers writers(source, 2);
      ASSERT_TRUE(
          run.wait_until(30s, [&] { return run.migration().status().state == "following"; }));
      std::this_thread::sleep_for(300ms);
    }
    source->set_visibility_lag(0);
    EXPECT_TRUE(run.wait_settled(30s));
    EXPECT_EQ(run.migration().status().tables.at(0).differences, 0U);
  }
  expect_equal();
}

TEST_F(Migrations, views_that_serve_several_chunks_lose_nothing_and_let_following_go_on) {
  source->set_visibility_lag(3);
  source->set_views_worth_keeping(200ms);
  {
    RunningMigration run(source, target, folder);
    {
      const Writers writers(source, 6);
      ASSERT_TRUE(
          run.wait_until(30s, [&] { return run.migration().status().state == "following"; }));
      // Nothing holds it any more.
      const auto seen = run.migration().status().transactions;
      EXPECT_TRUE(
          run.wait_until(30s, [&] { return run.migration().status().transactions > seen + 50; }));
    }
    source->set_visibility_lag(0);
    EXPECT_TRUE(run.wait_settled(30s));
    EXPECT_EQ(run.migration().status().tables.at(0).differences, 0U);
  }
  expect_equal();
}

TEST_F(Migrations, each_stop_and_start_goes_on_from_where_it_was) {
  const Writers writers(source, 3);
  for (int i = 0; i < 15; ++i) {
    RunningMigration run(source, target, folder);
    std::this_thread::sleep_for(std::chrono::milliseconds(10 + 13 * i));
    EXPECT_FALSE(run.error());
  }
  RunningMigration run(source, target, folder);
  EXPECT_TRUE(run.wait_until(30s, [&] { return run.migration().status().all_proved(); }));
}

TEST_F(Migrations, a_target_that_lost_its_last_commits_is_mended_and_keeps_no_proof_about_them) {
  {
    RunningMigration run(source, target, folder);
    const Writers writers(source, 4);
    ASSERT_TRUE(run.wait_until(30s, [&] { return run.migration().status().all_proved(); }));
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(50ms);
      target->crash(7);
    }
    std::this_thread::sleep_for(100ms);
  }
  target->crash(5);
  RunningMigration run(source, target, folder);
  EXPECT_TRUE(run.wait_settled(30s));
  expect_equal();
}

TEST_F(Migrations, large_transactions_in_parts_arrive_whole) {
  source->set_rows_per_part(3);
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  source->transaction([](Transaction& t) {
    for (int id = 10'000; id < 10'500; ++id)
      t.insert(account_name, account(id, "bulk", "b" + std::to_string(id)));
  });
  source->transaction([](Transaction& t) {
    for (int id = 10'000; id < 10'500; id += 2)
      t.remove(account_name, model::Key({std::to_string(id)}));
  });
  ASSERT_TRUE(run.wait_settled(30s));
  expect_equal();
}

TEST_F(Migrations, after_more_keys_than_one_window_may_leave_dirty_the_table_is_proved_anew) {
  source->set_rows_per_part(3);
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  const auto proved_at = run.migration().status().oldest_proof;
  run.limits().dirty_bytes = std::uint64_t{16} << 10U;  // a quarter of it: about a hundred keys
  const auto update = [&](int rows) {
    source->transaction([&](Transaction& t) {
      for (int id = 0; id < 2 * rows; id += 2) {
        t.update(account_name, model::Key({std::to_string(id)}),
                 account(id, "changed " + std::to_string(rows), "tag" + std::to_string(id)));
      }
    });
  };
  update(50);
  ASSERT_TRUE(run.wait_settled(30s));
  EXPECT_EQ(run.migration().status().oldest_proof, proved_at);
  std::this_thread::sleep_for(1s);  // the proofs' times are told in seconds
  update(400);
  ASSERT_TRUE(run.wait_until(30s, [&] {
    const auto status = run.migration().status();
    return status.all_proved() && status.oldest_proof > proved_at;
  }));
  expect_equal();
}

TEST_F(Migrations, unique_values_swapped_between_rows_arrive) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  source->transaction([](Transaction& t) {
    t.update(account_name, model::Key({"2"}), account(2, "a", "parked"));
    t.update(account_name, model::Key({"4"}), account(4, "b", "tag2"));
    t.update(account_name, model::Key({"2"}), account(2, "a", "tag4"));
  });
  ASSERT_TRUE(run.wait_settled(30s));
  expect_equal();
}

TEST_F(Migrations, rows_that_another_writer_changed_on_the_target_are_found_and_mended) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  target->transaction([](Transaction& t) {
    t.update(account_name, model::Key({"2"}), account(2, "owner 3", "tag2"));
    t.remove(account_name, model::Key({"4"}));
    t.insert(account_name, account(5, "extra", "extra"));
  });
  run.migration().verify();
  ASSERT_TRUE(run.wait_until(30s, [&] {
    const Status s = run.migration().status();
    return s.tables.at(0).differences == 3 && differences_told(s) == 3;
  }));
  EXPECT_FALSE(run.migration().status().all_proved());
  EXPECT_THAT(run.migration().status().findings,
              testing::Contains(testing::Field(&model::Finding::subject, "bank.account key 4")));

  const auto would = run.migration().repair(true, {});
  ASSERT_EQ(would.size(), 1U);
  EXPECT_EQ(would[0].keys, 3U);
  EXPECT_FALSE(would[0].statements.empty());
  EXPECT_EQ(run.migration().status().tables.at(0).differences, 3U);  // nothing was written

  run.migration().repair(false, {});
  EXPECT_TRUE(run.wait_until(60s, [&] {
    return run.migration().is_settled(true) && differences_told(run.migration().status()) == 0;
  }));
  expect_equal();
}

// It may ask before this run knows what it has: old proofs are no answer then either.
TEST_F(Migrations, who_asks_to_verify_as_it_starts_is_not_answered_by_old_proofs) {
  for (int id = 2; id <= 20; id += 2) {
    {
      RunningMigration run(source, target, folder);
      ASSERT_TRUE(run.wait_settled(30s)) << id;
    }
    const auto tag = std::to_string(id);
    target->transaction([&](Transaction& t) {
      t.update(account_name, model::Key({tag}), account(id, "changed", "tag " + tag));
    });
    RunningMigration run(source, target, folder);
    run.migration().verify();
    ASSERT_TRUE(run.wait_until(30s, [&] {
      return run.migration().status().tables.at(0).differences == 1;
    })) << id;
    run.migration().repair(false, {});
  }
}

TEST_F(Migrations, each_proof_says_in_which_way_it_was_taken) {
  const auto ways = [&] {
    std::set<std::string> out;
    for (const auto& proof : journal::open_sqlite(folder / "journal.sqlite")->proofs()) {
      out.insert(proof.way);
    }
    return out;
  };
  {
    RunningMigration run(source, target, folder);
    EXPECT_TRUE(run.wait_settled(30s));
  }
  EXPECT_THAT(ways(), testing::ElementsAre("stream-xxh3"));
  {
    RunningMigration run(source, target, folder);
    run.limits().digests_in_stores = true;
    run.migration().verify();
    EXPECT_TRUE(run.wait_settled(30s));
  }
  EXPECT_THAT(ways(), testing::ElementsAre("server-md5"));
}

TEST_F(Migrations, a_new_owner_waits_for_the_lease_and_a_writer_that_lost_it_writes_no_more) {
  RunningMigration first(source, target, folder);
  ASSERT_TRUE(first.wait_settled(30s));
  {
    RunningMigration second(source, target, fresh_folder("second"));
    ASSERT_TRUE(second.wait_until(10s, [&] { return second.ended(); }) || second.ended());
    ASSERT_TRUE(second.error());
    EXPECT_EQ(second.error()->code(), "lease.held");
  }
  // The lease is taken from under the first one, as after a long sleep of its machine.
  target_clock_ahead = 1h;
  stores::memory::Target(target).acquire({"bank", "somebody else", 15s});
  source->insert(account_name, account(99'999, "late", "late"));
  ASSERT_TRUE(first.wait_until(10s, [&] { return first.ended(); }) || first.ended());
  ASSERT_TRUE(first.error());
  EXPECT_EQ(first.error()->kind(), base::ErrorKind::fenced);
  EXPECT_NE(source->rows(account_name), target->rows(account_name));
}

TEST_F(Migrations, a_source_whose_replication_lags_is_spared) {
  {
    const auto faults = std::make_shared<tests::Faults>();
    faults->slow_chunks = 1000ms;
    source->set_load({std::nullopt, 100s, std::nullopt});
    RunningMigration run(source, target, folder, faults);
    run.limits().replica_lag_seconds = 10;
    const auto copied = [&] { return run.migration().status().tables.at(0).chunks_done; };
    ASSERT_TRUE(run.wait_until(30s, [&] { return run.migration().status().backing_off; }));
    std::this_thread::sleep_for(1500ms);  // what was on its way arrives
    const auto before = copied();
    std::this_thread::sleep_for(1500ms);
    EXPECT_EQ(copied(), before);
    EXPECT_EQ(run.migration().status().state, "copying");
    source->set_load({std::nullopt, 5s, std::nullopt});
    EXPECT_TRUE(run.wait_settled(60s));
    EXPECT_FALSE(run.migration().status().backing_off);
  }
  expect_equal();
}

TEST_F(Migrations, a_proof_older_than_the_limit_is_taken_again) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(60s));
  const auto first = run.migration().status().oldest_proof;
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(run.migration().status().oldest_proof, first);
  run.limits().max_proof_age_seconds = 1;
  EXPECT_TRUE(run.wait_until(30s, [&] {
    const Status now = run.migration().status();
    return now.all_proved() && now.oldest_proof > first;
  }));
}

TEST_F(Migrations, paused_it_writes_nothing_and_resumed_it_catches_up) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  run.migration().pause();
  std::this_thread::sleep_for(300ms);
  const auto before = target->rows(account_name);
  source->insert(account_name, account(77'777, "while paused", "p"));
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(target->rows(account_name), before);
  EXPECT_TRUE(run.migration().status().paused);
  run.migration().resume();
  ASSERT_TRUE(run.wait_settled(30s));
  expect_equal();
}

TEST_F(Migrations, a_purged_log_is_a_clear_stop_and_another_source_is_refused) {
  {
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(run.wait_settled(30s));
  }
  source->insert(account_name, account(88'888, "a", "a8"));
  source->insert(account_name, account(88'889, "b", "b8"));
  source->purge_log(source->log_end());
  {
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(run.wait_until(10s, [&] { return run.ended(); }) || run.ended());
    EXPECT_EQ(run.error().value().code(), "source.log_purged");
  }
  RunningMigration other(std::make_shared<Server>("another"), target, folder);
  ASSERT_TRUE(other.wait_until(10s, [&] { return other.ended(); }) || other.ended());
  EXPECT_EQ(other.error().value().code(), "source.lost_transactions");
}

}  // namespace
}  // namespace wherry::engine
