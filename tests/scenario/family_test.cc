// Tables joined by cascading foreign keys, and tables without a key, move while they are written to
// and wherry is killed. What arrived is compared by other means than the prover's, and what is
// broken on the target afterwards is found and mended.

#include <chrono>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/scenario/family_load.h"
#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* small_steps =
    "limits:\n  threads: 16\n  memory: 64 MiB\n  rows_per_second: 6000\n";

void expect_equal(const Server& source, const Server& target, const Wherry& wherry) {
  const Comparison comparison = compare_servers(source, target, {"--database", "family"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

void move_under_load_and_kills(const Server& source, const Server& target, unsigned seed) {
  load_family(source, sized(2500, 4000));
  Wherry wherry(source, target, {"family.*"}, small_steps);
  std::mt19937 random(seed);
  FamilyWriters writers(source, 3, seed);
  for (int i = 0; i < sized(5, 60); ++i) {
    wherry.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(300 + random() % 1700));
    ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
    wherry.kill9();
  }
  wherry.start();
  wait_until("every chunk to be copied", 120s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["state"] == "following";
  });
  std::this_thread::sleep_for(2s);
  wherry.kill9();
  EXPECT_GT(writers.finish(), 300);
  try {
    run_until_proved(wherry, 60s);
  } catch (const std::exception& error) {
    ADD_FAILURE() << error.what();
  }
  expect_equal(source, target, wherry);
}

TEST(Family, moves_from_mariadb_to_mariadb) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  move_under_load_and_kills(source, target, 1);
}

TEST(Family, moves_from_mysql57_to_mariadb) {
  if (!Server::mysql57_available()) GTEST_SKIP() << "MySQL 5.7 cannot be had here";
  const Server source = Server::start_mysql57();
  const Server target = Server::start_mariadb();
  move_under_load_and_kills(source, target, 2);
}

}  // namespace
}  // namespace wherry::tests
