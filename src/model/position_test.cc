#include "model/position.h"

#include <gtest/gtest.h>

namespace wherry::model {
namespace {

TEST(Position, is_ordered_by_log_number_then_offset) {
  const auto a = Position::in_log("mysql-bin.000009", 900);
  const auto b = Position::in_log("mysql-bin.000010", 4);
  const auto c = Position::in_log("mysql-bin.1000000", 4);
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
  EXPECT_LT(Position::in_log("x.1", 4), Position::in_log("x.1", 5));
}

TEST(Position, its_text_is_read_back) {
  const auto p = Position::in_log("a:b.000003", 1234, "0-1-77,1-2-3");
  const auto q = Position::parse(p.text());
  ASSERT_TRUE(q);
  EXPECT_EQ(*q, p);
  EXPECT_EQ(q->log, "a:b.000003");
  EXPECT_EQ(q->gtid, "0-1-77,1-2-3");
  EXPECT_FALSE(Position::parse("nothing"));
  EXPECT_FALSE(Position::parse("log:12x"));
}

TEST(Position, carries_the_place_to_read_from_outside_of_the_order) {
  auto p = Position::in_log("bin.000003", 1234, "0-1-77");
  EXPECT_EQ(p.to_read_from().text(), p.text());
  p.since = Position::Place{"bin.000002", 96};
  EXPECT_EQ(p.text(), "bin.000003:1234 since bin.000002:96 0-1-77");
  EXPECT_EQ(p, Position::in_log("bin.000003", 1234));
  const auto q = Position::parse(p.text());
  ASSERT_TRUE(q);
  EXPECT_EQ(q->text(), p.text());
  EXPECT_EQ(q->to_read_from(), Position::in_log("bin.000002", 96));
  p.gtid.clear();
  EXPECT_EQ(Position::parse(p.text()).value().text(), "bin.000003:1234 since bin.000002:96");
  EXPECT_FALSE(Position::parse("bin.000003:1234 since nothing"));
}

}  // namespace
}  // namespace wherry::model
