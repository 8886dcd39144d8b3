#include "config/routes.h"

#include <gtest/gtest.h>

namespace wherry::config {
namespace {

TEST(Routes, without_a_route_a_name_stays) {
  EXPECT_EQ(Routes().target({"shop", "orders"}).text(), "shop.orders");
}

TEST(Routes, a_tables_own_route_wins_and_routes_do_not_chain) {
  Routes routes;
  routes.add({"a", ""}, {"b", ""});
  routes.add({"b", ""}, {"c", ""});
  routes.add({"a", "t"}, {"x", "u"});
  EXPECT_EQ(routes.target({"a", "s"}).text(), "b.s");
  EXPECT_EQ(routes.target({"b", "s"}).text(), "c.s");
  EXPECT_EQ(routes.target({"a", "t"}).text(), "x.u");
  EXPECT_EQ(routes.target_schema("a"), "b");
}

TEST(Routes, two_sources_of_one_target_collide) {
  Routes routes;
  routes.add({"a", ""}, {"c", ""});
  routes.add({"b", ""}, {"c", ""});
  EXPECT_TRUE(routes.collisions({{"a", "x"}, {"b", "y"}}).empty());
  const auto found = routes.collisions({{"a", "x"}, {"b", "x"}, {"c", "x"}, {"d", "x"}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].target.text(), "c.x");
  EXPECT_EQ(found[0].sources.size(), 3U);
}

TEST(Routes, tables_may_swap_names) {
  Routes routes;
  routes.add({"a", "x"}, {"a", "y"});
  routes.add({"a", "y"}, {"a", "x"});
  EXPECT_TRUE(routes.collisions({{"a", "x"}, {"a", "y"}}).empty());
}

}  // namespace
}  // namespace wherry::config
