#include "model/counter.h"

#include <gtest/gtest.h>

namespace wherry::model {
namespace {

using namespace std::chrono_literals;

Counter counter(Whole next, Whole step = 1, Whole last = 1000) {
  Counter c;
  c.name = {"shop", "orders"};
  c.next = next;
  c.step = step;
  c.last = last;
  return c;
}

TEST(Counter, numbers_of_both_signs_and_of_64_bits_are_text_and_back) {
  for (const char* text : {"0", "7", "-7", "18446744073709551615", "-9223372036854775808",
                           "18446744073709551616", "999999999999999999999999999999"}) {
    ASSERT_TRUE(whole(text)) << text;
    EXPECT_EQ(text_of(*whole(text)), text);
  }
  for (const char* text :
       {"", "-", "1.5", "+1", " 1", "1e3", "1234567890123456789012345678901", "--1"}) {
    EXPECT_FALSE(whole(text)) << text;
  }
}

TEST(Counter, the_margin_is_what_is_counted_in_the_window_times_the_safety) {
  const auto at = [](Whole next) { return counter(next); };
  EXPECT_EQ(text_of(margin(at(100), at(160), 60s, 10s, 2.0)), "20");
  EXPECT_EQ(text_of(margin(at(100), at(101), 60s, 1s, 1.0)), "1");  // rounded up
  EXPECT_EQ(text_of(margin(at(100), at(100), 60s, 1h, 9.0)), "0");
  EXPECT_EQ(text_of(margin(counter(-100, -1), counter(-160, -1), 60s, 10s, 2.0)), "20");
  const Whole far = margin(at(0), counter(*whole("18446744073709551615")), 1ms, 24h, 10.0);
  EXPECT_GT(far, *whole("18446744073709551615"));
  Counter anew = counter(3);
  anew.round = 1;
  EXPECT_GE(margin(at(999), anew, 60s, 60s, 1.0), 999);
}

TEST(Counter, it_is_lifted_by_whole_steps_in_its_direction) {
  EXPECT_EQ(text_of(lifted(counter(11), 20).next), "31");
  EXPECT_EQ(text_of(lifted(counter(11, 10), 20).next), "31");
  EXPECT_EQ(text_of(lifted(counter(11, 10), 21).next), "41");
  EXPECT_EQ(text_of(lifted(counter(11, 10), 0).next), "11");
  EXPECT_EQ(text_of(lifted(counter(-11, -10, -1000), 1).next), "-21");
}

TEST(Counter, one_that_has_no_next_value_is_exhausted_unless_it_cycles) {
  EXPECT_FALSE(counter(1000).exhausted());
  EXPECT_TRUE(counter(1001).exhausted());
  EXPECT_FALSE(counter(-1000, -1, -1000).exhausted());
  EXPECT_TRUE(counter(-1001, -1, -1000).exhausted());
  EXPECT_TRUE(lifted(counter(990), 11).exhausted());
  Counter cycling = counter(990);
  cycling.cycles = true;
  EXPECT_EQ(text_of(lifted(cycling, 11).next), "1000");
  EXPECT_FALSE(lifted(cycling, 11).exhausted());
}

TEST(Counter, it_stands_before_what_it_has_not_reached) {
  EXPECT_TRUE(counter(5).stands_before(counter(6)));
  EXPECT_FALSE(counter(6).stands_before(counter(6)));
  EXPECT_FALSE(counter(7).stands_before(counter(6)));
  EXPECT_TRUE(counter(-5, -1).stands_before(counter(-6, -1)));
  EXPECT_FALSE(counter(-7, -1).stands_before(counter(-6, -1)));
  Counter later = counter(1);
  later.round = 2;
  EXPECT_TRUE(counter(7).stands_before(later));
  EXPECT_FALSE(later.stands_before(counter(7)));
}

TEST(Counter, its_subject_says_what_it_is) {
  Counter c = counter(1);
  EXPECT_EQ(c.subject(), "auto_increment shop.orders");
  c.kind = Counter::Kind::sequence;
  EXPECT_EQ(c.subject(), "sequence shop.orders");
  c.kind = Counter::Kind::row;
  c.row = "a\nb";
  EXPECT_EQ(c.subject(), "row a\\x0ab of shop.orders");
}

}  // namespace
}  // namespace wherry::model
