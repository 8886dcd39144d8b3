#include "stores/mysql/statement_reach.h"

#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

constexpr std::uint64_t ansi_quotes = 4;
constexpr std::uint64_t no_backslash_escapes = std::uint64_t{1} << 20U;

bool touches_shop(std::string_view statement, std::optional<std::uint64_t> sql_mode = 0) {
  wire::mysql::Query query;
  query.statement = statement;
  query.schema = "elsewhere";
  query.sql_mode = sql_mode;
  return may_touch(query, "shop");
}

TEST(StatementReach, a_schema_is_touched_by_its_name) {
  EXPECT_TRUE(touches_shop("INSERT INTO shop.t VALUES (1)"));
  EXPECT_TRUE(touches_shop("UPDATE `Shop` . `t` SET a=1"));
  EXPECT_TRUE(touches_shop("DELETE o FROM other.o JOIN/**/SHOP.t"));
  EXPECT_TRUE(
      touches_shop("INSERT INTO other.t VALUES ('it''s', \"\\\"\"), (1); # '\nDO shop.f()"));
  EXPECT_TRUE(touches_shop("UPDATE \"shop\".t SET a=1", ansi_quotes));
  EXPECT_TRUE(touches_shop("INSERT INTO o VALUES ('\\'); DO shop.f('')", no_backslash_escapes));
  EXPECT_TRUE(touches_shop("DROP DATABASE shop"));
}

TEST(StatementReach, other_words_and_texts_that_hold_its_name_touch_it_not) {
  EXPECT_FALSE(touches_shop("INSERT INTO other.x_shop SELECT * FROM shop2.t"));
  EXPECT_FALSE(touches_shop("INSERT INTO other.shop (shopper) VALUES ('shop.t')"));
  EXPECT_FALSE(touches_shop("UPDATE other.`my shop` SET a=\"shop\", b=N'a shop'"));
  EXPECT_FALSE(touches_shop("DELETE FROM o /* of the shop */ -- shop.t\n# shop.t"));
  EXPECT_FALSE(touches_shop("INSERT INTO o VALUES ('\\', shop.f(')"));
}

TEST(StatementReach, what_cannot_be_told_apart_touches_it) {
  EXPECT_TRUE(touches_shop("INSERT INTO o VALUES ('shop')", std::nullopt));
  EXPECT_TRUE(touches_shop("INSERT INTO o VALUES ('shop"));
  EXPECT_TRUE(touches_shop("INSERT /*!50000 IGNORE */ INTO o VALUES ('shop')"));
  EXPECT_TRUE(touches_shop("INSERT INTO o VALUES ('\x95\\', shop.f(), '')"));
  EXPECT_TRUE(touches_shop("DELETE FROM o --\x01'\n USING shop.t"));
  EXPECT_TRUE(touches_shop("UPDATE o SET shop=1"));
}

TEST(StatementReach, what_the_session_and_the_server_say_counts) {
  wire::mysql::Query query;
  query.statement = "UPDATE t SET a=1";
  query.sql_mode = 0;
  EXPECT_FALSE(may_touch(query, "shop"));
  query.schema = "SHOP";
  EXPECT_TRUE(may_touch(query, "shop"));
  query.schema = "";
  query.updated_schemas = {"other", "shop"};
  EXPECT_TRUE(may_touch(query, "shop"));
}

}  // namespace
}  // namespace wherry::stores::mysql
