// The shop — foreign keys, triggers, views, text in several languages, every type, a table with
// only a unique key — moves from MariaDB to MariaDB while it is written to and wherry is killed in
// each phase. What arrived is compared by other means than the prover's.

#include "tests/support/data/shop.h"

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Slow enough that each phase can be met, in chunks small enough that there are many.
constexpr const char* small_steps =
    "limits:\n  threads: 3\n  memory: 64 MiB\n  rows_per_second: 4000\n";

void kill_when(Wherry& wherry, const std::string& what,
               const std::function<bool(const json&)>& now) {
  wherry.start();
  wait_until(what, 120s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen.value("running", false) && now(seen);
  });
  wherry.kill9();
}

void kill_in_each_phase(Wherry& wherry, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> instant(20, 600);
  for (int i = 0; i < sized(2, 20); ++i) {  // while planning, or soon after
    wherry.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(instant(random)));
    wherry.kill9();
  }
  kill_when(wherry, "some chunks to be copied", [](const json& seen) {
    return seen["state"] == "copying" && seen["copy"]["chunks_done"] > 2;
  });
  kill_when(wherry, "following", [](const json& seen) { return seen["state"] == "following"; });
  kill_when(wherry, "some chunks to be proved",
            [](const json& seen) { return seen["proof"]["chunks_proved"] > 3; });
  kill_when(wherry, "everything to be proved once",
            [](const json& seen) { return seen["proof"]["all_proved"] == true; });
  for (int i = 0; i < sized(0, 50); ++i) {
    wherry.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(2 * instant(random)));
    wherry.kill9();
  }
}

std::vector<std::string> load_options() {
  return {"--threads", "2", "--rate", std::to_string(sized(250, 800))};
}

ShopOptions shop_size() {
  ShopOptions options;
  options.size = static_cast<unsigned>(sized(300, 5000));
  return options;
}

TEST(Shop, moves_under_load_and_kills) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  load_shop(source, shop_size());
  Wherry wherry(source, target, {"shop.*"}, small_steps);
  Load load(source, load_options());
  kill_in_each_phase(wherry, 1);
  const json written = load.finish();
  EXPECT_GT(written.at("committed"), 100) << written;
  run_until_proved(wherry);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "shop", "--definitions"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

TEST(Shop, moves_to_other_names_under_load_and_kills) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  load_shop(source, shop_size());
  Wherry wherry(source, target, {"shop.*"},
                std::string(small_steps) +
                    "routes:\n  - {from: shop, to: shop2}\n"
                    "  - {from: shop.orders, to: shop2.orders_new}\n");
  Load load(source, load_options());
  kill_in_each_phase(wherry, 2);
  load.finish();
  run_until_proved(wherry);

  std::vector<std::string> moved;
  for (const Row& row : source.query(
           "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA='shop' AND "
           "TABLE_TYPE='BASE TABLE' AND TABLE_NAME<>'orders'")) {
    moved.insert(moved.end(), {"--table", "shop." + *row[0] + "=shop2." + *row[0]});
  }
  moved.insert(moved.end(), {"--table", "shop.orders=shop2.orders_new"});
  const Comparison comparison = compare_servers(source, target, moved);
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  // Nothing went by the old names, and foreign keys refer to the new ones.
  EXPECT_TRUE(target.query("SHOW DATABASES LIKE 'shop'").empty());
  EXPECT_TRUE(target.query("SHOW TABLES IN shop2 LIKE 'orders'").empty());
  const char* const references =
      "SELECT COUNT(*) FROM information_schema.KEY_COLUMN_USAGE WHERE "
      "REFERENCED_TABLE_SCHEMA='shop2' AND REFERENCED_TABLE_NAME='orders_new'";
  EXPECT_EQ(target.query(references).at(0).at(0), "2");
}

}  // namespace
}  // namespace wherry::tests
