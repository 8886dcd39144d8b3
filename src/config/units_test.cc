#include "config/units.h"

#include <gtest/gtest.h>

#include "config/limits.h"

namespace wherry::config {
namespace {

TEST(Units, sizes_need_a_unit_and_tell_ten_from_two) {
  EXPECT_EQ(parse_size("50 MB")->count, 50'000'000U);
  EXPECT_EQ(parse_size("50MiB")->count, 50U << 20U);
  EXPECT_EQ(parse_size("1.5 GiB")->count, 3ULL << 29U);
  EXPECT_EQ(parse_size("0 B")->count, 0U);
  for (const char* bad : {"", "50", "MB", "50 M", "50 mb", "-1 MB", "1e3 MB", "1.2.3 MB", "1 MB ",
                          " 1 MB", "99999999 TiB", "nan MB", "0x10 MB"}) {
    EXPECT_FALSE(parse_size(bad).has_value()) << bad;
  }
}

TEST(Units, rates_are_a_second) {
  EXPECT_EQ(parse_rate("50 MB/s")->count, 50'000'000U);
  EXPECT_FALSE(parse_rate("50 MB").has_value());
  EXPECT_FALSE(parse_rate("50 MB/min").has_value());
  EXPECT_FALSE(parse_rate("/s").has_value());
}

TEST(Units, durations_need_a_unit) {
  EXPECT_EQ(parse_duration("1.5 s")->count(), 1500);
  EXPECT_EQ(parse_duration("2 min")->count(), 120'000);
  EXPECT_EQ(parse_duration("7d")->count(), 604'800'000);
  for (const char* bad : {"10", "10 m", "s", "1 hour", "-1 s"}) {
    EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
  }
}

TEST(Limits, change_tells_what_a_running_migration_takes_over) {
  Limits before;
  Limits after;
  EXPECT_TRUE(compare(before, after).at_once.empty());
  after.rows_per_second = 5;
  after.back_off.replica_lag = std::chrono::seconds(1);
  after.memory.count *= 2;
  const LimitsChange change = compare(before, after);
  EXPECT_EQ(change.at_once,
            (std::vector<std::string>{"limits.rows_per_second", "limits.back_off.replica_lag"}));
  EXPECT_EQ(change.after_restart, std::vector<std::string>{"limits.memory"});
}

}  // namespace
}  // namespace wherry::config
