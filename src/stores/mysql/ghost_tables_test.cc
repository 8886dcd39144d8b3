#include "stores/mysql/ghost_tables.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

TEST(GhostTables, are_known_by_their_names) {
  for (const char* name : {"_orders_gho", "_orders_ghc", "_orders_del", "_orders_new",
                           "_orders_old", "_orders_20260131235959_del"}) {
    EXPECT_EQ(original_of(name), "orders") << name;
  }
  for (const char* name :
       {"orders", "orders_new", "_orders", "_new", "__new", "", "_orders_newer"}) {
    EXPECT_NE(original_of(name), "orders") << name;
  }
  EXPECT_FALSE(original_of("_new"));
  EXPECT_EQ(original_of("_20260131235959_del"), "20260131235959");
}

TEST(GhostTables, go_where_their_table_goes) {
  const auto filter = with_ghosts([](const model::CollectionName& name) {
    return name == model::CollectionName{"shop", "orders"} ||
           name == model::CollectionName{"shop", "_x"};
  });
  EXPECT_TRUE(filter({"shop", "orders"}));
  EXPECT_TRUE(filter({"shop", "_orders_gho"}));
  EXPECT_TRUE(filter({"shop", "___orders_old"}));
  EXPECT_TRUE(filter({"shop", "__x_new"}));
  EXPECT_FALSE(filter({"shop", "_customers_new"}));
  EXPECT_FALSE(filter({"other", "_orders_new"}));
}

}  // namespace
}  // namespace wherry::stores::mysql
