// Tables joined by cascading foreign keys, and tables without a key, move while they are written to
// and wherry is killed. What arrived is compared by other means than the prover's, and what is
// broken on the target afterwards is found and mended.

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/family_load.h"
#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using enum ServerKind;

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

class Family : public OfWay {};

TEST_P(Family, moves_under_load_and_kills) {
  const Server source = Server::start(GetParam().from);
  const Server target = Server::start(GetParam().to);
  move_under_load_and_kills(source, target, static_cast<unsigned>(sized(1, 7)));
}

// Each kind on each side; all ways in a soak.
std::vector<Way> ways() {
  std::vector<Way> all{{mariadb, mariadb}, {mysql57, mariadb}, {mysql56, mysql57}};
  if (is_soak()) {
    all.insert(all.end(), {{mysql57, mysql57}, {mysql56, mariadb}, {mariadb, mysql57}});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Ways, Family, testing::ValuesIn(ways()), name_of_way);

}  // namespace
}  // namespace wherry::tests
