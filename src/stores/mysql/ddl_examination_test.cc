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

}  // namespace
}  // namespace wherry::stores::mysql
