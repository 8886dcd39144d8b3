#include "stores/mysql/ddl_examination.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

using model::Column;
using model::ColumnType;
using model::TableSchema;

Column column(std::string name, ColumnType type) {
  Column c;
  c.name = std::move(name);
  c.type = type;
  return c;
}

TableSchema keyed_by(std::vector<Column> columns) {
  TableSchema s;
  for (std::size_t i = 0; i < columns.size(); ++i) s.key.push_back(i);
  s.columns = std::move(columns);
  return s;
}

bool keeps(const Column& before, const Column& after) {
  return keeps_key_order(keyed_by({before}), keyed_by({after}));
}

TEST(KeyOrder, stays_where_every_value_and_the_order_among_them_stay) {
  const Column id = column("id", ColumnType::integer);
  EXPECT_TRUE(keeps(id, id));
  EXPECT_TRUE(keeps(id, column("id", ColumnType::bigint)));
  EXPECT_FALSE(keeps(id, column("id", ColumnType::smallint)));  // values may be cut
  EXPECT_FALSE(keeps(id, column("id", ColumnType::varchar)));
  EXPECT_FALSE(keeps(id, column("other", ColumnType::integer)));
  Column positive = id;
  positive.is_unsigned = true;
  EXPECT_FALSE(keeps(id, positive));
}

TEST(KeyOrder, of_texts_and_times_is_that_of_their_collation_and_digits) {
  Column word = column("w", ColumnType::varchar);
  word.length = 40;
  word.collation = "utf8mb4_general_ci";
  Column longer = word;
  longer.length = 80;
  EXPECT_TRUE(keeps(word, longer));
  EXPECT_FALSE(keeps(longer, word));
  Column other = word;
  other.collation = "utf8mb4_bin";
  EXPECT_FALSE(keeps(word, other));
  Column time = column("t", ColumnType::datetime);
  Column finer = time;
  finer.fraction = 3;
  EXPECT_TRUE(keeps(time, finer));
  EXPECT_FALSE(keeps(finer, time));
}

TEST(KeyOrder, of_enums_is_that_of_their_members) {
  Column kind = column("k", ColumnType::enum_);
  kind.declared = "enum('a','b')";
  Column turned = kind;
  turned.declared = "enum('b','a')";
  EXPECT_TRUE(keeps(kind, kind));
  EXPECT_FALSE(keeps(kind, turned));
}

TEST(KeyOrder, ends_where_the_key_has_other_parts) {
  const Column a = column("a", ColumnType::integer);
  const Column b = column("b", ColumnType::integer);
  EXPECT_TRUE(keeps_key_order(keyed_by({a, b}), keyed_by({a, b})));
  EXPECT_FALSE(keeps_key_order(keyed_by({a, b}), keyed_by({b, a})));
  EXPECT_FALSE(keeps_key_order(keyed_by({a}), keyed_by({a, b})));
  EXPECT_FALSE(keeps_key_order(keyed_by({a}), keyed_by({})));
}

Column declared(ColumnType type, std::string words) {
  Column c = column("c", type);
  c.declared = std::move(words);
  return c;
}

Column text(ColumnType type, std::uint64_t length, std::string charset = "utf8mb4") {
  Column c = column("c", type);
  c.length = length;
  c.charset = std::move(charset);
  return c;
}

TEST(Values, stay_where_the_column_only_grows) {
  EXPECT_TRUE(
      keeps_values(column("a", ColumnType::smallint), column("b", ColumnType::bigint), false));
  EXPECT_TRUE(keeps_values(text(ColumnType::varchar, 40), text(ColumnType::varchar, 80), false));
  EXPECT_TRUE(keeps_values(text(ColumnType::char_, 40), text(ColumnType::text, 65535), false));
  EXPECT_TRUE(
      keeps_values(text(ColumnType::varbinary, 40, ""), text(ColumnType::blob, 65535, ""), false));
  EXPECT_TRUE(keeps_values(declared(ColumnType::enum_, "enum('a','b')"),
                           declared(ColumnType::enum_, "enum('a','b','c')"), false));
  EXPECT_TRUE(keeps_values(declared(ColumnType::double_, "double"),
                           declared(ColumnType::double_, "double"), false));
}

TEST(Values, are_converted_where_it_shrinks_or_becomes_another) {
  Column positive = column("a", ColumnType::bigint);
  positive.is_unsigned = true;
  EXPECT_FALSE(keeps_values(column("a", ColumnType::integer), positive, true));
  EXPECT_FALSE(
      keeps_values(column("a", ColumnType::bigint), column("a", ColumnType::integer), true));
  EXPECT_FALSE(keeps_values(column("a", ColumnType::bit), text(ColumnType::text, 1U << 31U), true));
  EXPECT_FALSE(keeps_values(text(ColumnType::varchar, 40), text(ColumnType::varchar, 20), true));
  EXPECT_FALSE(keeps_values(text(ColumnType::varchar, 40), text(ColumnType::char_, 40), true));
  EXPECT_FALSE(
      keeps_values(text(ColumnType::text, 99), text(ColumnType::text, 99, "latin1"), true));
  EXPECT_FALSE(keeps_values(declared(ColumnType::enum_, "enum('a','b')"),
                            declared(ColumnType::enum_, "enum('a','bc')"), true));
  EXPECT_FALSE(keeps_values(declared(ColumnType::float_, "float"),
                            declared(ColumnType::double_, "double"), true));
  EXPECT_FALSE(keeps_values(declared(ColumnType::binary, "binary(4)"),
                            declared(ColumnType::binary, "binary(8)"), true));
}

TEST(Values, of_null_are_refused_or_converted) {
  Column may = column("a", ColumnType::integer);
  may.nullable = true;
  const Column may_not = column("a", ColumnType::integer);
  EXPECT_TRUE(keeps_values(may, may_not, true));
  EXPECT_FALSE(keeps_values(may, may_not, false));
  EXPECT_TRUE(keeps_values(may_not, may, false));
}

}  // namespace
}  // namespace wherry::stores::mysql
