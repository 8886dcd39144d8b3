#include "wire/mysql/temporal.h"

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

template <typename Read>
std::string text_of(std::string_view hex, unsigned digits, Read read) {
  return text_of(hex, [&](Cursor& in, std::string& out) { read(in, digits, out); });
}

TEST(Temporal, years_begin_at_1901_but_for_zero) {
  EXPECT_EQ(text_of("00", 4, read_year), "0000");
  EXPECT_EQ(text_of("01", 4, read_year), "1901");
  EXPECT_EQ(text_of("ff", 4, read_year), "2155");
}

TEST(Temporal, of_a_year_of_two_digits_there_is_no_more) {
  EXPECT_EQ(text_of("46", 2, read_year), "70");
  EXPECT_EQ(text_of("a9", 2, read_year), "69");
}

TEST(Temporal, dates_may_be_zero_or_have_zero_parts) {
  EXPECT_EQ(text_of("5dd00f", read_date), "2024-02-29");
  EXPECT_EQ(text_of("000000", read_date), "0000-00-00");
  EXPECT_EQ(text_of("1fce0f", read_date), "2023-00-31");
  EXPECT_EQ(text_of("9f1f4e", read_date), "9999-12-31");
  EXPECT_THROW(text_of("bfd10f", read_date), base::Error) << "month 13";
}

TEST(Temporal, times_go_beyond_a_day_and_below_zero) {
  EXPECT_EQ(text_of("4b9105", 0, read_time2), "-838:59:59");
  EXPECT_EQ(text_of("b46efb", 0, read_time2), "838:59:59");
  EXPECT_EQ(text_of("800000", 0, read_time2), "00:00:00");
  EXPECT_EQ(text_of("7fffff", 0, read_time2), "-00:00:01");
}

TEST(Temporal, fractions_of_negative_times_are_borrowed_from) {
  EXPECT_EQ(text_of("7ffffff6", 1, read_time2), "-00:00:00.1");
  EXPECT_EQ(text_of("7ffffffff6", 3, read_time2), "-00:00:00.001");
  EXPECT_EQ(text_of("7ffffeffffff", 6, read_time2), "-00:00:01.000001");
  EXPECT_EQ(text_of("800000000001", 6, read_time2), "00:00:00.000001");
}

TEST(Temporal, old_times_keep_their_sign) {
  EXPECT_EQ(text_of("40e201", read_time_old), "12:34:56");
  EXPECT_EQ(text_of("ffffff", read_time_old), "-00:00:01");
  EXPECT_THROW(text_of("d12100", read_time_old), base::Error) << "86 minutes";
}

TEST(Temporal, datetimes_of_both_forms_agree) {
  EXPECT_EQ(text_of("99b2bac8b8", 0, read_datetime2), "2024-02-29 12:34:56");
  EXPECT_EQ(text_of("99b2bac8b84e", 2, read_datetime2), "2024-02-29 12:34:56.78");
  EXPECT_EQ(text_of("8000000000000000", 6, read_datetime2), "0000-00-00 00:00:00.000000");
  EXPECT_EQ(text_of("80c5aa8b68120000", read_datetime_old), "2024-02-29 12:34:56");
  EXPECT_THROW(text_of("7fffffffff", 0, read_datetime2), base::Error);
}

TEST(Temporal, timestamps_are_in_utc_and_zero_is_no_date) {
  EXPECT_EQ(text_of("00000000", 0, read_timestamp2), "0000-00-00 00:00:00");
  EXPECT_EQ(text_of("000000000000", 4, read_timestamp2), "0000-00-00 00:00:00.0000");
  EXPECT_EQ(text_of("00000001", 0, read_timestamp2), "1970-01-01 00:00:01");
  EXPECT_EQ(text_of("7fffffff0f423f", 6, read_timestamp2), "2038-01-19 03:14:07.999999");
  EXPECT_EQ(text_of("01000000", read_timestamp_old), "1970-01-01 00:00:01");
}

TEST(Temporal, impossible_fractions_are_refused) {
  EXPECT_THROW(text_of("0000000164", 2, read_timestamp2), base::Error);
}

}  // namespace
}  // namespace wherry::wire::mysql
