// From MySQL 5.7: the shop moves to MariaDB under load and kills.

#include <chrono>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/shop.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Mysql57Test : public testing::Test {
 protected:
  void SetUp() override {
    if (!Server::mysql57_available()) GTEST_SKIP() << "MySQL 5.7 cannot be had here";
  }
};

TEST_F(Mysql57Test, the_shop_moves_under_load_and_kills) {
  const Server source = Server::start_mysql57();
  const Server target = Server::start_mariadb();
  ShopOptions size;
  size.size = static_cast<unsigned>(sized(300, 5000));
  load_shop(source, size);
  Wherry wherry(source, target, {"shop.*"},
                "limits:\n  threads: 3\n  memory: 64 MiB\n  rows_per_second: 6000\n");
  Load load(source, {"--threads", "2", "--rate", std::to_string(sized(250, 600))});
  std::mt19937 random(3);
  std::uniform_int_distribution<int> instant(100, 3000);
  for (int i = 0; i < sized(5, 100); ++i) {
    wherry.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(instant(random)));
    ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
    wherry.kill9();
  }
  wherry.start();
  wait_until("everything to be proved once", 120s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["proof"]["all_proved"] == true;
  });
  wherry.kill9();
  const json written = load.finish();
  EXPECT_GT(written.at("committed"), 100) << written;
  run_until_proved(wherry);
  // Definitions differ between the two kinds of server in words only; the rows may not.
  const Comparison comparison = compare_servers(source, target, {"--database", "shop"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

}  // namespace
}  // namespace wherry::tests
