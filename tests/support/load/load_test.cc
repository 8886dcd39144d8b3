#include <chrono>
#include <functional>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/data/shop.h"
#include "tests/support/load/writers.h"
#include "tests/support/server.h"

namespace wherry::tests {
namespace {

bool reached(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

void writes_every_kind(const Server& server) {
  load_shop(server, {.size = 50});
  // Each kind by itself, so that one that never succeeds is seen.
  Connection connection = server.connect();
  connection.exec("SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO', time_zone='+00:00'");
  const Writes writes = shop_writes({});
  Draw draw(7, 0, 1);
  // Duplicate key, deadlock, a row that is referred to or refers to none, a number out of range.
  const std::set<unsigned> expected{1062, 1213, 1451, 1452, 1690};
  for (std::size_t kind = 0; kind < writes.kinds.size(); ++kind) {
    int worked = 0;
    for (int i = 0; i < 40; ++i) {
      if (i % 10 == 0) writes.refresh(connection, draw);
      std::string sql = "START TRANSACTION;";
      writes.kinds[kind].append(sql, draw);
      try {
        connection.exec(sql + "COMMIT");
        ++worked;
      } catch (const SqlError& error) {
        EXPECT_TRUE(expected.contains(error.number())) << kind << ": " << error.what();
        connection.exec("ROLLBACK");
      }
    }
    EXPECT_GT(worked, 0) << "write " << kind << " of " << writes.kinds[kind].table;
  }
  for (const char* table : {"customers", "orders", "payments", "sessions", "all_types"}) {
    EXPECT_NE(connection.value(std::string("SELECT COUNT(*) FROM shop.") + table), "0") << table;
  }
}

TEST(Load, writes_every_kind_to_mariadb) { writes_every_kind(Server::start_mariadb()); }

TEST(Load, writes_every_kind_to_mysql57) {
  if (!Server::mysql57_available()) GTEST_SKIP() << "MySQL 5.7 cannot be had here";
  writes_every_kind(Server::start_mysql57());
}

TEST(Load, goes_on_after_the_server_was_killed) {
  Server server = Server::start_mariadb();
  {
    Connection connection = server.connect();
    create_simple_table(connection, "bank.t1", 5000, 1);
    EXPECT_EQ(connection.value("SELECT COUNT(*) FROM bank.t1"), "5000");
  }
  Writers writers({.endpoint = server.endpoint(), .threads = 3}, simple_writes("bank.t1"));
  ASSERT_TRUE(reached([&] { return writers.counts().committed > 500; }));
  server.kill9();
  ASSERT_TRUE(reached([&] { return !writers.counts().errors.empty(); }));
  const std::uint64_t before = writers.counts().committed;
  server.restart();
  ASSERT_TRUE(reached([&] { return writers.counts().committed > before + 500; }));
  writers.join();
  EXPECT_GE(writers.counts().connects, 6U);
}

TEST(Load, keeps_to_its_rate) {
  const Server server = Server::start_mariadb();
  Connection connection = server.connect();
  create_simple_table(connection, "bank.t1", 100, 1);
  Writers writers({.endpoint = server.endpoint(), .threads = 2, .rate = 100},
                  simple_writes("bank.t1"));
  std::this_thread::sleep_for(std::chrono::seconds(2));
  writers.join();
  const WriteCounts counts = writers.counts();
  EXPECT_GT(counts.committed, 50U);
  EXPECT_LT(counts.committed + counts.rolled_back + counts.refused, 330U);
}

}  // namespace
}  // namespace wherry::tests
