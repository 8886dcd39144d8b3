// Writes of others to the target, seen in the target's own log: what was proved and is not true any
// more is found without a new proof, whatever stops in between; and nothing else is.

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/row_test_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;
using stores::memory::Server;
using stores::memory::Transaction;
using testing::HasSubstr;

model::Key key(int id) { return model::Key({std::to_string(id)}); }

class Watch : public testing::Test {
 public:
  ~Watch() override { std::filesystem::remove_all(folder); }

 protected:
  Watch() {
    source->create_table(account_table());
    for (int id = 0; id < 2000; id += 2) source->insert(account_name, as_made(id));
  }
  static stores::memory::Row as_made(int id) {
    return account(id, "owner " + std::to_string(id), "tag" + std::to_string(id));
  }
  static stores::memory::Row spoilt(int id) {
    return account(id, "spoilt", "tag" + std::to_string(id));
  }
  void spoil(int id) { target->update(account_name, key(id), spoilt(id)); }

  static bool finds(RunningMigration& run, std::size_t differences) {
    return run.wait_until(
        30s, [&] { return run.migration().status().tables.at(0).differences == differences; });
  }
  static std::string told(RunningMigration& run, const std::string& code) {
    for (const auto& finding : run.migration().status().findings) {
      if (finding.code == code) return finding.why;
    }
    return {};
  }

  std::shared_ptr<Server> source = std::make_shared<Server>("old");
  std::shared_ptr<Server> target = std::make_shared<Server>("new");
  std::filesystem::path folder =
      fresh_folder(testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Watch, what_others_change_is_found_without_a_new_proof_and_mended) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  target->transaction([](Transaction& t) {
    t.update(account_name, key(2), account(2, "spoilt", "tag2"));
    t.remove(account_name, key(4));
    t.insert(account_name, account(5, "extra", "extra"));
  });
  ASSERT_TRUE(finds(run, 3));
  EXPECT_THAT(told(run, "target.foreign_writes"), HasSubstr("in 1 transactions"));
  EXPECT_THAT(told(run, "target.foreign_writes"), HasSubstr("bank.account (1)"));
  const std::uint64_t proved = run.migration().status().tables.at(0).chunks_proved;
  EXPECT_EQ(proved, run.migration().status().tables.at(0).chunks) << "only keys are looked at";
  run.migration().repair(false, {});
  EXPECT_TRUE(run.wait_settled(30s));
  EXPECT_EQ(source->rows(account_name), target->rows(account_name));
}

TEST_F(Watch, a_write_of_what_is_there_anyway_is_no_difference) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  target->update(account_name, key(2), as_made(2));
  ASSERT_TRUE(run.wait_until(30s, [&] { return !told(run, "target.foreign_writes").empty(); }));
  EXPECT_TRUE(run.wait_settled(30s));
  EXPECT_EQ(run.migration().status().tables.at(0).differences, 0U);
}

TEST_F(Watch, under_load_nobody_is_blamed) {
  RunningMigration run(source, target, folder);
  {
    const Writers writers(source, 5);
    ASSERT_TRUE(run.wait_until(30s, [&] {
      const Status s = run.migration().status();
      return s.all_proved() && s.transactions > 300;
    }));
  }
  EXPECT_TRUE(run.wait_settled(30s));
  EXPECT_EQ(told(run, "target.foreign_writes"), "");
}

// The log shows a commit before a read sees it: each proof is taken in that gap.
TEST_F(Watch, a_commit_that_shows_in_the_log_before_it_is_visible_makes_no_proof_true) {
  for (int round = 0; round < 5; ++round) {
    target->set_visibility_lag(2);
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(run.wait_until(30s, [&] { return run.migration().status().state == "following"; }));
    const int id = 10 + 2 * round;
    spoil(id);
    run.migration().verify();
    std::this_thread::sleep_for(50ms);
    target->set_visibility_lag(0);
    ASSERT_TRUE(finds(run, static_cast<std::size_t>(round) + 1)) << round;
  }
}

TEST_F(Watch, what_is_written_while_nothing_runs_is_found_at_the_next_start) {
  {
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(run.wait_settled(30s));
  }
  spoil(8);
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_until(30s, [&] {
    return run.migration().status().all_proved() ||
           run.migration().status().tables.at(0).differences != 0;
  }));
  EXPECT_EQ(run.migration().status().tables.at(0).chunks_proved,
            run.migration().status().tables.at(0).chunks)
      << "proofs are kept";
  EXPECT_TRUE(finds(run, 1));
  EXPECT_EQ(run.migration().status().foreign.transactions, 1U);
  EXPECT_FALSE(run.migration().is_settled(true));
}

TEST_F(Watch, a_difference_that_was_not_mended_is_found_again_after_each_start) {
  {
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(run.wait_settled(30s));
    spoil(8);
    ASSERT_TRUE(finds(run, 1));
    spoil(10);
    ASSERT_TRUE(finds(run, 2));
    std::this_thread::sleep_for(1500ms);  // its place is journaled every second
  }
  for (int start = 0; start < 3; ++start) {
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(finds(run, 2)) << start;
  }
}

TEST_F(Watch, a_log_that_was_purged_meanwhile_keeps_no_proof) {
  {
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(run.wait_settled(30s));
  }
  spoil(8);
  target->purge_log(target->log_end());
  RunningMigration run(source, target, folder);
  EXPECT_TRUE(finds(run, 1));
}

// Its places are there as before, and what stands at them is not what stood there.
TEST_F(Watch, a_log_that_was_begun_anew_between_two_runs_keeps_no_proof) {
  {
    RunningMigration run(source, target, folder);
    ASSERT_TRUE(run.wait_settled(30s));
  }
  target->begin_log_anew([](Transaction& t) { t.update(account_name, key(8), spoilt(8)); });
  RunningMigration run(source, target, folder);
  EXPECT_TRUE(finds(run, 1));
}

TEST_F(Watch, a_log_that_is_begun_anew_while_it_is_read_keeps_no_proof) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  target->begin_log_anew([](Transaction& t) { t.update(account_name, key(8), spoilt(8)); });
  EXPECT_TRUE(finds(run, 1));
}

TEST_F(Watch, a_table_touched_beyond_the_limit_of_keys_is_proved_again_as_a_whole) {
  RunningMigration run(source, target, folder);
  run.limits().keys_told_at_once = 50;
  ASSERT_TRUE(run.wait_settled(30s));
  target->transaction([](Transaction& t) {
    for (int id = 0; id < 200; id += 2) t.update(account_name, key(id), spoilt(id));
  });
  EXPECT_TRUE(finds(run, 100));
}

TEST_F(Watch, a_table_emptied_on_the_target_by_a_change_of_definition_is_found) {
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  target->transaction([](Transaction& t) { t.define(account_name, std::nullopt); });
  target->create_table(account_table());
  EXPECT_TRUE(finds(run, 1000));
}

// The log shows the removal of its root alone.
TEST_F(Watch, what_a_tree_takes_along_is_found) {
  const model::CollectionName tree{"bank", "tree"};
  model::TableSchema schema = account_table();
  schema.name = tree;
  schema.unique_keys = {{"PRIMARY", {0}, true}};
  source->create_table(schema);
  for (const auto& server : {source, target}) {
    server->add_foreign_key(
        {tree, tree, {0}, {1}, contract::CascadeAction::cascade, contract::CascadeAction::none});
  }
  source->insert(tree, {"1", std::nullopt, "root"});
  source->insert(tree, {"2", "1", "branch"});
  source->insert(tree, {"3", "2", "leaf"});
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  target->remove(tree, key(1));
  ASSERT_EQ(target->rows(tree).size(), 0U);
  EXPECT_TRUE(
      run.wait_until(30s, [&] { return run.migration().status().tables.at(1).differences == 3; }));
}

TEST_F(Watch, a_table_made_in_mid_stream_is_watched_too) {
  const model::CollectionName made{"bank", "made"};
  model::TableSchema schema = account_table();
  schema.name = made;
  RunningMigration run(source, target, folder);
  ASSERT_TRUE(run.wait_settled(30s));
  source->create_table(schema);
  source->insert(made, as_made(2));
  ASSERT_TRUE(run.wait_until(30s, [&] { return run.migration().status().tables.size() == 2; }));
  ASSERT_TRUE(run.wait_settled(30s));
  target->update(made, key(2), spoilt(2));
  EXPECT_TRUE(
      run.wait_until(30s, [&] { return run.migration().status().tables.at(1).differences == 1; }));
}

}  // namespace
}  // namespace wherry::engine
