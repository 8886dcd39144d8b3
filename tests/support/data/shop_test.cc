#include "tests/support/data/shop.h"

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

TEST(Shop, is_the_same_on_mysql57_and_mariadb) {
  if (!Server::mysql57_available()) GTEST_SKIP() << "MySQL 5.7 cannot be had here";
  const Server mysql = Server::start_mysql57();
  const Server mariadb = Server::start_mariadb();
  load_shop(mysql, {.size = 50, .seed = 3, .cascade = true});
  load_shop(mariadb, {.size = 50, .seed = 3, .cascade = true});
  const Comparison result =
      compare_servers(mysql, mariadb, {"--database", "shop", "--definitions"});
  EXPECT_EQ(result.answer, Answer::equal) << result.output;
  EXPECT_EQ(mariadb.connect("shop").value("SELECT COUNT(*) FROM customers"), "50");
}

TEST(Shop, differs_by_seed_and_keeps_its_edge_values) {
  const Server first = Server::start_mariadb();
  const Server second = Server::start_mariadb();
  load_shop(first, {.size = 20, .seed = 1});
  load_shop(second, {.size = 20, .seed = 2});
  EXPECT_EQ(compare_servers(first, second, {"--table", "shop.orders"}).answer, Answer::different);
  // What a client, a server mode or a wrong character set would have changed on the way in.
  Connection shop = first.connect("shop");
  EXPECT_EQ(shop.value("SELECT HEX(ch_gbk) FROM all_types WHERE id = 1"), "815C");
  EXPECT_EQ(shop.value("SELECT da FROM all_types WHERE id = 1"), "0000-00-00");
  EXPECT_EQ(shop.value("SELECT t6 FROM all_types WHERE id = 1"), "-838:59:59.000000");
  EXPECT_EQ(shop.value("SELECT f * 1e0 FROM all_types WHERE id = 2"), "16777222");
  EXPECT_EQ(shop.value("SELECT COUNT(*) FROM all_types WHERE e + 0 = 0 AND e = ''"),
            shop.value("SELECT COUNT(*) FROM all_types WHERE e + 0 = 0"));
  EXPECT_EQ(shop.value("SELECT MIN(id) FROM all_types"), "-9223372036854775808");
}

}  // namespace
}  // namespace wherry::tests
