#include "base/text.h"

#include <gtest/gtest.h>

namespace wherry::base {
namespace {

TEST(Text, printable_keeps_utf8_and_escapes_everything_else) {
  EXPECT_EQ(printable("naïve 表"), "naïve 表");
  EXPECT_EQ(printable("a\\b"), "a\\\\b");
  EXPECT_EQ(printable(std::string_view("\0\n\x80\xff", 4)), "\\x00\\x0a\\x80\\xff");
}

TEST(Text, printable_is_reversible_for_every_pair_of_bytes) {
  for (int high = 0; high < 256; ++high) {
    for (int low = 0; low < 256; ++low) {
      const std::string bytes{static_cast<char>(high), static_cast<char>(low)};
      ASSERT_EQ(unprintable(printable(bytes)), bytes);
    }
  }
}

TEST(Text, unprintable_refuses_a_broken_escape) {
  EXPECT_EQ(unprintable("\\"), std::nullopt);
  EXPECT_EQ(unprintable("\\x4"), std::nullopt);
  EXPECT_EQ(unprintable("\\n"), std::nullopt);
}

TEST(Text, hex_goes_both_ways) {
  EXPECT_EQ(to_hex(std::string_view("\0\xab", 2)), "00ab");
  EXPECT_EQ(from_hex("00AB"), std::string("\0\xab", 2));
  EXPECT_EQ(from_hex("0"), std::nullopt);
  EXPECT_EQ(from_hex("zz"), std::nullopt);
}

TEST(Text, numbers_are_told_for_people) {
  using namespace std::chrono_literals;
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_count(1234567), "1,234,567");
  EXPECT_EQ(human_count(123), "123");
  EXPECT_EQ(human_duration(185s), "3 min 5 s");
  EXPECT_EQ(utc_text(std::chrono::system_clock::time_point{1234ms}), "1970-01-01T00:00:01.234Z");
}

}  // namespace
}  // namespace wherry::base
