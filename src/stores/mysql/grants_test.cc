#include "stores/mysql/grants.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

TEST(Grants, of_everything_count_everywhere) {
  Grants g;
  g.add("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION");
  EXPECT_TRUE(g.has_everywhere("SUPER"));
  EXPECT_TRUE(g.has_on("shop", "INSERT"));
}

TEST(Grants, of_schemas_count_there_and_their_patterns_are_kept) {
  Grants g;
  g.add("GRANT USAGE ON *.* TO `w`@`%` IDENTIFIED BY PASSWORD '*0123'");
  g.add("GRANT SELECT, CREATE TEMPORARY TABLES ON `shop\\_%`.* TO `w`@`%`");
  g.add("GRANT INSERT ON `a``b`.* TO `w`@`%`");
  EXPECT_TRUE(g.has_on("shop_eu", "SELECT"));
  EXPECT_TRUE(g.has_on("shop_eu", "CREATE TEMPORARY TABLES"));
  EXPECT_FALSE(g.has_on("shopXeu", "SELECT"));
  EXPECT_FALSE(g.has_on("shop_eu", "INSERT"));
  EXPECT_FALSE(g.has_everywhere("SELECT"));
  EXPECT_TRUE(g.has_on("a`b", "INSERT"));
}

TEST(Grants, of_tables_columns_and_roles_are_not_counted) {
  Grants g;
  g.add("GRANT SELECT ON `shop`.`orders` TO `w`@`%`");
  g.add("GRANT SELECT (`a`), INSERT (`a`) ON `shop`.`orders` TO `w`@`%`");
  g.add("GRANT `role` TO `w`@`%`");
  EXPECT_FALSE(g.has_on("shop", "SELECT"));
}

TEST(Grants, patterns_match_as_like_does) {
  EXPECT_TRUE(like("abc", "a%"));
  EXPECT_TRUE(like("abc", "%c"));
  EXPECT_TRUE(like("abc", "a_c"));
  EXPECT_FALSE(like("abc", "a\\_c"));
  EXPECT_TRUE(like("a_c", "a\\_c"));
  EXPECT_FALSE(like("", "_"));
  EXPECT_TRUE(like("", "%"));
}

}  // namespace
}  // namespace wherry::stores::mysql
