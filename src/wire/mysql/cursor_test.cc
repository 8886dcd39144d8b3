#include "wire/mysql/cursor.h"

#include <string_view>

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::wire::mysql {
namespace {

using namespace std::literals;

TEST(Cursor, reads_numbers_in_both_orders) {
  Cursor in("\x01\x02\x03\x04\xff\xff\xfe"sv);
  EXPECT_EQ(in.u16(), 0x0201);
  EXPECT_EQ(in.big(2), 0x0304U);
  EXPECT_EQ(in.little_signed(2), -1);
  EXPECT_EQ(in.little_signed(1), -2);
  EXPECT_TRUE(in.at_end());
}

TEST(Cursor, never_reads_past_the_end) {
  Cursor in("abc"sv);
  EXPECT_THROW(in.u32(), base::Error);
  EXPECT_EQ(in.left(), 3U) << "a read that does not fit takes nothing";
  EXPECT_THROW(in.take(~std::uint64_t{0}), base::Error);
  EXPECT_THROW(in.take_to_zero(), base::Error);
  EXPECT_EQ(in.take(3), "abc");
}

TEST(Cursor, reads_packed_integers) {
  Cursor in("\xfa\xfc\x01\x02\xfd\x01\x02\x03\xfe\x01\x00\x00\x00\x00\x00\x00\x80"sv);
  EXPECT_EQ(in.packed(), 250U);
  EXPECT_EQ(in.packed(), 0x0201U);
  EXPECT_EQ(in.packed(), 0x030201U);
  EXPECT_EQ(in.packed(), 0x8000000000000001U);
  EXPECT_THROW(Cursor("\xfb"sv).packed(), base::Error);
  EXPECT_THROW(Cursor("\xff"sv).packed(), base::Error);
}

TEST(Cursor, reads_texts_with_an_end) {
  Cursor in("ab\0c\0"sv);
  EXPECT_EQ(in.take_to_zero(), "ab");
  EXPECT_EQ(in.take_to_zero(), "c");
  EXPECT_TRUE(in.at_end());
}

}  // namespace
}  // namespace wherry::wire::mysql
