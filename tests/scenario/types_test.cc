// Every column type moves between each pair of servers, copied and followed, over a kill.

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/nasty_values.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using enum ServerKind;

class TypesTest : public OfWay {};

TEST_P(TypesTest, move_under_writes_and_a_kill) {
  const auto [from, to] = GetParam();
  const Server source = Server::start(from);
  const Server target = Server::start(to);
  source.exec_sql("CREATE DATABASE s CHARACTER SET utf8mb4");
  std::vector<std::string> tables;
  for (const NastyColumn& column : nasty_columns()) {
    if (!holds(from, column) || !(to == mariadb || holds(to, column))) continue;
    make_nasty_table(source, "s", column);
    tables.push_back(column.name);
    // MariaDB has no -0, and the comparer sees the difference.
    if (to == mariadb && (column.name == "f" || column.name == "d")) {
      source.exec_sql("DELETE FROM s." + column.name + " WHERE v = 0");
    }
  }
  Wherry wherry(source, target, {"s.*"});
  wherry.start();
  const auto write = [&](int round) {
    std::string sql = "SET sql_mode='ALLOW_INVALID_DATES';";
    const std::string offset = std::to_string(1000 * round);
    for (const auto& table : tables) {
      const std::string t = "s.`" + table + "`";
      sql += "INSERT INTO " + t + " SELECT id+" + offset + ",v FROM " + t + " WHERE id<1000;";
      sql += "UPDATE " + t + " a JOIN " + t + " b ON b.id=a.id%1000+1 SET a.v=b.v WHERE a.id>" +
             offset + " AND a.id%3=0;";
      sql += "DELETE FROM " + t + " WHERE id>" + offset + " AND id%5=0;";
    }
    source.exec_sql(sql);
  };
  for (int round = 1; round <= 3; ++round) {
    write(round);
    std::this_thread::sleep_for(300ms);
    if (round != 2) continue;
    ASSERT_TRUE(wherry.running()) << wherry.output();
    wherry.kill9();
    wherry.start();
  }
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  write(4);
  run_until_proved(wherry);
  const Comparison comparison = compare_servers(source, target, {"--database", "s"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

// Each kind once on each side; all ways in a soak.
std::vector<Way> ways() {
  std::vector<Way> all{{mariadb, mysql56}, {mysql57, mariadb}, {mysql56, mysql57}};
  if (is_soak()) {
    all.insert(all.end(), {{mariadb, mariadb},
                           {mariadb, mysql57},
                           {mysql57, mysql57},
                           {mysql56, mariadb},
                           {mysql56, mysql56}});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Ways, TypesTest, testing::ValuesIn(ways()), name_of_way);

}  // namespace
}  // namespace wherry::tests
