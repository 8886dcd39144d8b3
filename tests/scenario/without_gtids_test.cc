// From MySQL with gtid_mode=OFF, as it comes by default: the shop moves under load and kills, and
// the source's log files stay few.

#include <chrono>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/shop.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class WithoutGtids : public OfKind {};

TEST_P(WithoutGtids, the_shop_moves_under_load_and_kills) {
  ServerOptions plain;
  plain.extra = {"--gtid-mode=OFF", "--enforce-gtid-consistency=0"};
  const Server source = Server::start(GetParam(), plain);
  const Server target = Server::start_mariadb();
  ShopOptions size;
  size.size = static_cast<unsigned>(sized(300, 5000));
  load_shop(source, size);
  Wherry wherry(source, target, {"shop.*"},
                "limits:\n  threads: 3\n  memory: 64 MiB\n  rows_per_second: 6000\n",
                {"new_log_every: 1 s"});
  Load load(source, {"--threads", "2", "--rate", std::to_string(sized(250, 600))});
  const auto started = std::chrono::steady_clock::now();
  const auto files_before = source.query("SHOW BINARY LOGS").size();
  const int kills = sized(5, 100);
  std::mt19937 random(5);
  std::uniform_int_distribution<int> instant(100, 3000);
  for (int i = 0; i < kills; ++i) {
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
  const auto files = source.query("SHOW BINARY LOGS").size() - files_before;
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - started);
  EXPECT_GT(files, 0U);
  // One a second; and each start begins one at once.
  EXPECT_LE(files, static_cast<std::size_t>(seconds.count() + 2 * (kills + 2)));
  const Comparison comparison = compare_servers(source, target, {"--database", "shop"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

INSTANTIATE_TEST_SUITE_P(Servers, WithoutGtids,
                         testing::Values(ServerKind::mysql56, ServerKind::mysql57), name_of_kind);

}  // namespace
}  // namespace wherry::tests
