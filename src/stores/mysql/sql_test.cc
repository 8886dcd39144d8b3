#include "stores/mysql/sql.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

using model::Column;
using model::ColumnType;
using model::Key;

Column column(std::string name, ColumnType type) {
  Column c;
  c.name = std::move(name);
  c.type = type;
  return c;
}

model::TableSchema two_part_table() {
  model::TableSchema t;
  t.name = {"shop", "orders"};
  t.columns = {column("a", ColumnType::integer), column("note", ColumnType::varchar),
               column("b", ColumnType::varchar)};
  t.columns[2].charset = "gbk";
  t.key = {0, 2};
  t.key_index = "PRIMARY";
  return t;
}

model::TableSchema enum_table(std::uint32_t members) {
  model::TableSchema t;
  t.name = {"shop", "kinds"};
  t.columns = {column("e", ColumnType::enum_)};
  t.columns[0].member_count = members;
  t.key = {0};
  t.key_index = "PRIMARY";
  return t;
}

TEST(Sql, identifiers_double_their_backquotes) {
  EXPECT_EQ(identifier("a`b"), "`a``b`");
  EXPECT_EQ(qualified({"s`", "t.x"}), "`s```.`t.x`");
}

TEST(Sql, literals_keep_the_type_of_their_column) {
  EXPECT_EQ(literal(column("c", ColumnType::bigint), "-12"), "-12");
  EXPECT_EQ(literal(column("c", ColumnType::double_), "16777216"), "16777216e0");
  EXPECT_EQ(literal(column("c", ColumnType::float_), "3.4e38"), "3.4e38");
  EXPECT_EQ(literal(column("c", ColumnType::datetime), "2020-01-01 00:00:00"),
            "'2020-01-01 00:00:00'");
  EXPECT_EQ(literal(column("c", ColumnType::blob), std::string_view("\0'", 2)), "x'0027'");
  EXPECT_EQ(literal(column("c", ColumnType::varchar), std::nullopt), "NULL");
}

TEST(Sql, text_literals_name_the_character_set_of_their_column) {
  EXPECT_EQ(literal(two_part_table().columns[2], "\xd6\xd0"), "_gbk x'd6d0'");
  EXPECT_EQ(text_literal("a'b"), "_utf8mb3 x'612762'");
}

TEST(Sql, cells_are_selected_by_number_where_their_text_would_not_do) {
  EXPECT_EQ(canonical_expression(column("f", ColumnType::float_)), "`t`.`f`*1e0");
  EXPECT_EQ(canonical_expression(column("e", ColumnType::enum_)), "`t`.`e`+0");
  EXPECT_EQ(canonical_expression(column("v", ColumnType::varchar)), "`t`.`v`");
  Column padded = column("z", ColumnType::integer);
  padded.declared = "int(8) unsigned zerofill";
  EXPECT_EQ(canonical_expression(padded), "`t`.`z`+0");
}

TEST(Sql, key_bounds_of_two_parts_are_spelt_out_for_the_optimizer) {
  const auto t = two_part_table();
  EXPECT_EQ(key_bound(t, Bound::after, Key({"1", "x"})),
            "(`t`.`a` > 1 OR (`t`.`a` = 1 AND `t`.`b` > _gbk x'78'))");
  EXPECT_EQ(key_bound(t, Bound::through, Key({"1", "x"}), false),
            "(`a` < 1 OR (`a` = 1 AND `b` <= _gbk x'78'))");
}

TEST(Sql, a_range_open_on_both_sides_is_true) {
  EXPECT_EQ(key_range(two_part_table(), std::nullopt, std::nullopt), "TRUE");
  EXPECT_EQ(key_range(enum_table(300), std::nullopt, Key({"7"})), "((`t`.`e` <= 7))");
}

TEST(Sql, ranges_over_small_enums_are_lists) {
  const auto t = enum_table(3);
  EXPECT_EQ(key_bound(t, Bound::after, Key({"1"})), "(`t`.`e` IN (2,3))");
  EXPECT_EQ(key_bound(t, Bound::after, Key({"3"})), "(FALSE)");
  EXPECT_EQ(key_bound(t, Bound::from, Key({"3"})), "(`t`.`e` IN (3))");
  EXPECT_EQ(key_bound(t, Bound::through, Key({"1"})), "(`t`.`e` IN (0,1))");
  EXPECT_EQ(key_bound(t, Bound::before, Key({"0"})), "(FALSE)");
}

TEST(Sql, keys_are_listed_by_column_or_by_row) {
  const std::vector<Key> keys{Key({"1", "x"}), Key({"2", "y"})};
  EXPECT_EQ(key_in(two_part_table(), keys.data(), 2, false),
            "((`a` = 1 AND `b` = _gbk x'78') OR (`a` = 2 AND `b` = _gbk x'79'))");
  const std::vector<Key> single{Key({"1"}), Key({"2"})};
  EXPECT_EQ(key_in(enum_table(3), single.data(), 2), "(`t`.`e` IN (1,2))");
}

TEST(Sql, tables_are_read_by_their_key_index) {
  EXPECT_EQ(from_table({"copy", "orders"}, two_part_table()),
            "`copy`.`orders` `t` FORCE INDEX (`PRIMARY`)");
  EXPECT_EQ(order_by_key(two_part_table()), "`t`.`a`,`t`.`b`");
}

}  // namespace
}  // namespace wherry::stores::mysql
