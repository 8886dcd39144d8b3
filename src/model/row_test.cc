#include "model/row.h"

#include <gtest/gtest.h>

namespace wherry::model {
namespace {

TEST(RowBatch, keeps_null_and_empty_apart) {
  RowBatch batch(2);
  batch.append("1");
  batch.append(std::nullopt);
  batch.append("");
  batch.append("NULL");
  ASSERT_EQ(batch.rows(), 2U);
  EXPECT_EQ(batch.cell(0, 1), std::nullopt);
  EXPECT_EQ(batch.cell(1, 0), "");
  EXPECT_EQ(batch.cell(1, 1), "NULL");
}

TEST(RowBatch, gives_the_key_in_the_key_s_order_of_columns) {
  RowBatch batch(3);
  for (const char* cell : {"a", "b", "c"}) batch.append(cell);
  EXPECT_EQ(batch.key(0, {2, 0}), Key({"c", "a"}));
}

TEST(RowBatch, copies_a_row_from_another_batch) {
  RowBatch from(2);
  from.append("x");
  from.append(std::nullopt);
  RowBatch to(2);
  to.append_row(from, 0);
  EXPECT_EQ(to.cell(0, 0), "x");
  EXPECT_EQ(to.cell(0, 1), std::nullopt);
}

}  // namespace
}  // namespace wherry::model
