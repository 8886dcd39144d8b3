#include "wire/mysql/number.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::wire::mysql {
namespace {

template <typename Read>
std::string text_of(std::string_view hex, Read read) {
  const std::string bytes = base::from_hex(hex).value();
  Cursor in(bytes);
  std::string out = "left over";
  read(in, out);
  EXPECT_TRUE(in.at_end()) << hex;
  return out;
}

std::string decimal(std::string_view hex, unsigned precision, unsigned scale) {
  return text_of(hex,
                 [&](Cursor& in, std::string& out) { read_decimal(in, precision, scale, out); });
}

std::string integer(std::string_view hex, bool is_unsigned) {
  return text_of(hex, [&](Cursor& in, std::string& out) {
    read_integer(in, static_cast<unsigned>(hex.size() / 2), is_unsigned, out);
  });
}

TEST(Number, integers_keep_their_sign) {
  EXPECT_EQ(integer("ff", false), "-1");
  EXPECT_EQ(integer("ff", true), "255");
  EXPECT_EQ(integer("000080", false), "-8388608");
  EXPECT_EQ(integer("000080", true), "8388608");
  EXPECT_EQ(integer("0000000000000080", false), "-9223372036854775808");
  EXPECT_EQ(integer("ffffffffffffffff", true), "18446744073709551615");
}

// The example of the servers' own decimal.c: 1234567890.1234 in DECIMAL(14,4).
TEST(Number, decimals_keep_every_digit) {
  EXPECT_EQ(decimal("810dfb38d204d2", 14, 4), "1234567890.1234");
  EXPECT_EQ(decimal("7ef204c72dfb2d", 14, 4), "-1234567890.1234");
  EXPECT_EQ(decimal("800000", 5, 2), "0.00");
  EXPECT_EQ(decimal("800001", 5, 2), "0.01");
  EXPECT_EQ(decimal("7ffffe", 5, 2), "-0.01");
  EXPECT_EQ(decimal("800005", 5, 0), "5");
  EXPECT_EQ(decimal("8000000a", 9, 9), "0.000000010");
}

TEST(Number, a_decimal_of_zero_has_no_sign) { EXPECT_EQ(decimal("7fffff", 5, 2), "0.00"); }

TEST(Number, decimal_digits_beyond_nine_are_refused) {
  EXPECT_THROW(decimal("bb9aca00", 9, 0), base::Error);
  EXPECT_THROW(decimal("8186a0", 5, 0), base::Error);
}

TEST(Number, doubles_read_back_to_the_same_value) {
  const auto d = [](std::string_view hex) { return text_of(hex, read_double); };
  EXPECT_EQ(d("9a9999999999b93f"), "0.1");
  EXPECT_EQ(d("0000000000000080"), "-0");
  EXPECT_EQ(d("ffffffffffffef7f"), "1.7976931348623157e+308");
  EXPECT_EQ(text_of("cdcccc3d", read_float), "0.10000000149011612") << "a float is widened first";
  EXPECT_EQ(text_of("0000804b", read_float), "16777216");
  EXPECT_THROW(d("000000000000f07f"), base::Error) << "no server stores infinity";
}

TEST(Number, bits_are_one_unsigned_number) {
  const auto b = [](std::string_view hex, unsigned bits) {
    return text_of(hex, [&](Cursor& in, std::string& out) { read_bit(in, bits, out); });
  };
  EXPECT_EQ(b("01", 1), "1");
  EXPECT_EQ(b("0aaa", 12), "2730");
  EXPECT_EQ(b("ffffffffffffffff", 64), "18446744073709551615");
  EXPECT_THROW(b("02", 1), base::Error);
}

}  // namespace
}  // namespace wherry::wire::mysql
