// From MySQL 5.7: the shop moves to MariaDB under load and kills; what a target cannot hold is
// refused by name.

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

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

bool refuses(const json& findings, const std::string& table) {
  return std::any_of(findings.begin(), findings.end(), [&](const json& finding) {
    return finding.at("severity") == "blocker" && finding.dump().find(table) != std::string::npos;
  });
}

TEST_F(Mysql57Test, documents_without_a_key_are_refused_by_name) {
  const Server source = Server::start_mysql57();
  const Server target = Server::start_mysql57();
  source.exec_sql(
      "CREATE DATABASE odd; CREATE TABLE odd.plain (id INT PRIMARY KEY, v INT);"
      "CREATE TABLE odd.papers (id INT, body_json JSON)");
  const Wherry wherry(source, target, {"odd.*"});
  const json assessment = ask(wherry, {"assess"}, 3);
  EXPECT_EQ(assessment["ready"], false);
  const json& findings = assessment["findings"];
  EXPECT_TRUE(refuses(findings, "odd.papers")) << findings.dump(1);
  EXPECT_FALSE(refuses(findings, "odd.plain")) << findings.dump(1);
  EXPECT_EQ(wherry.command({"run"}).exit_code, 3);
  EXPECT_TRUE(target.query("SHOW DATABASES LIKE 'odd'").empty()) << "run began all the same";

  Wherry rest(source, target, {"odd.plain"});
  EXPECT_EQ(ask(rest, {"assess"})["ready"], true);
  run_until_proved(rest);
}

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
