// The lease of a migration on a real MariaDB: one owner at a time, and greater epochs for later
// ones.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/progress_schema.h"
#include "tests/support/server.h"

namespace wherry::stores::mysql {
namespace {

using base::Error;
using base::ErrorKind;
using ::testing::HasSubstr;

class MysqlLease : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = std::make_unique<tests::Server>(tests::Server::start_mariadb());
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    server_->exec_sql("DROP DATABASE IF EXISTS _wherry");
    prepare_progress(*connection());
  }

  static std::unique_ptr<Connection> connection() {
    Endpoint e;
    e.socket = server_->socket();
    e.user = "root";
    return std::make_unique<Connection>(e);
  }
  static contract::Fence acquire(const std::string& migration, const std::string& owner,
                                 std::chrono::seconds valid_for = std::chrono::seconds(15)) {
    return acquire_lease(*connection(), {migration, owner, valid_for});
  }

  static std::unique_ptr<tests::Server> server_;
};
std::unique_ptr<tests::Server> MysqlLease::server_;

template <typename Call>
std::optional<Error> error_of(const Call& call) {
  try {
    call();
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

TEST_F(MysqlLease, acquire_waits_for_a_transaction_that_passed_the_check) {
  const auto first = acquire("m", "me");
  auto passing = connection();
  passing->execute("START TRANSACTION");
  check_fence(*passing, first);
  std::atomic<bool> acquired = false;
  std::jthread taker([&] {
    acquire("m", "me");
    acquired = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  EXPECT_FALSE(acquired);
  passing->execute("COMMIT");
  taker.join();
  EXPECT_TRUE(acquired);
}

TEST_F(MysqlLease, a_lease_is_held_until_it_expires_or_is_released) {
  const auto mine = acquire("l", "me", std::chrono::seconds(2));
  const auto held = error_of([&] { acquire("l", "you"); });
  ASSERT_TRUE(held);
  EXPECT_EQ(held->code(), "lease.held");
  EXPECT_THAT(held->message(), HasSubstr("me"));
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  renew_lease(*connection(), mine);
  std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  EXPECT_TRUE(error_of([&] { acquire("l", "you"); }));  // renewed 1 s ago
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const auto yours = acquire("l", "you");
  EXPECT_GT(yours.epoch, mine.epoch);
  EXPECT_EQ(error_of([&] { renew_lease(*connection(), mine); })->kind(), ErrorKind::fenced);
  release_lease(*connection(), yours);
  const auto again = acquire("l", "me");
  EXPECT_GT(again.epoch, yours.epoch);
}

TEST_F(MysqlLease, of_owners_that_acquire_at_once_one_wins) {
  for (int round = 0; round < 5; ++round) {
    const std::string migration = "race" + std::to_string(round);
    std::atomic<int> won = 0;
    std::atomic<int> held = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 6; ++i) {
        threads.emplace_back([&, i] {
          const auto error = error_of([&] { acquire(migration, "owner" + std::to_string(i)); });
          if (!error) ++won;
          if (error && error->code() == "lease.held") ++held;
        });
      }
    }
    EXPECT_EQ(won, 1);
    EXPECT_EQ(held, 5);
  }
}

TEST_F(MysqlLease, epochs_grow_also_over_forget) {
  const auto first = acquire("m", "me");
  forget_progress(*connection(), "m");
  EXPECT_TRUE(server_->query("SHOW DATABASES LIKE '\\_wherry'").empty());
  prepare_progress(*connection());
  EXPECT_GT(acquire("m", "me").epoch, first.epoch);
}

}  // namespace
}  // namespace wherry::stores::mysql
