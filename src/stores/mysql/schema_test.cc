#include "stores/mysql/schema.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

using model::Column;
using model::ColumnType;
using model::TableSchema;

Column column(ColumnType type, std::uint64_t length = 0) {
  Column c;
  c.type = type;
  c.length = length;
  return c;
}

TEST(Schema, types_that_are_not_carried_are_unsupported) {
  EXPECT_EQ(column_type("json"), ColumnType::json);
  EXPECT_EQ(column_type("multipoint"), ColumnType::geometry);
  EXPECT_EQ(column_type("inet6"), ColumnType::inet6);
  EXPECT_EQ(column_type("vector"), ColumnType::unsupported);
  EXPECT_EQ(column_type("int"), ColumnType::integer);
  EXPECT_EQ(column_type("set"), ColumnType::set);
  EXPECT_EQ(column_type("longtext"), ColumnType::text);
}

TEST(Schema, members_are_counted_past_quotes_and_commas) {
  EXPECT_EQ(member_count("enum('a','b''x','c,d')"), 3U);
  EXPECT_EQ(member_count("set('')"), 1U);
  EXPECT_EQ(member_count("enum('''','''''')"), 2U);
}

TEST(Schema, the_primary_key_comes_before_shorter_ones) {
  TableSchema t;
  t.columns = {column(ColumnType::varchar, 100), column(ColumnType::tinyint)};
  t.unique_keys = {{"a", {1}, true}, {"PRIMARY", {0}, true}};
  choose_key(t, {"a", "PRIMARY"});
  EXPECT_EQ(t.key_index, "PRIMARY");
  EXPECT_EQ(t.key, std::vector<std::size_t>{0});
}

TEST(Schema, the_shortest_whole_unique_key_stands_in_for_a_primary_key) {
  TableSchema t;
  t.columns = {column(ColumnType::varchar, 100), column(ColumnType::bigint),
               column(ColumnType::tinyint)};
  t.unique_keys = {{"long", {0}, true}, {"number", {1}, true}, {"prefix", {2}, false}};
  choose_key(t, {"long", "number", "prefix"});
  EXPECT_EQ(t.key_index, "number");
}

TEST(Schema, floating_numbers_and_keys_without_order_do_not_identify) {
  TableSchema t;
  t.columns = {column(ColumnType::double_), column(ColumnType::text, 65535)};
  t.unique_keys = {{"float", {0}, true}, {"hashed", {1}, true}};
  choose_key(t, {"float"});
  EXPECT_TRUE(t.key.empty());
  EXPECT_EQ(t.key_index, "");
}

TEST(Schema, schemas_of_the_server_and_ours_are_not_moved) {
  EXPECT_TRUE(is_system_schema("_wherry"));
  EXPECT_TRUE(is_system_schema("performance_schema"));
  EXPECT_FALSE(is_system_schema("shop"));
}

}  // namespace
}  // namespace wherry::stores::mysql
