#include "engine/throttle.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;

TEST(Throttle, waits_until_the_rate_is_kept) {
  const Throttle::Rate rows{1000};
  const Throttle::Rate no_limit{0};
  const Counters counters;
  Throttle throttle(rows, no_limit, counters);
  const std::stop_source stop;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 3; ++i) {
    throttle.before(stop.get_token());
    throttle.done(20, 0);
  }
  throttle.before(stop.get_token());
  EXPECT_GE(std::chrono::steady_clock::now() - start, 60ms);
}

TEST(Throttle, a_rate_that_is_raised_holds_for_what_is_owed_already) {
  Throttle::Rate rows{1};
  const Throttle::Rate no_limit{0};
  const Counters counters;
  Throttle throttle(rows, no_limit, counters);
  const std::stop_source stop;
  throttle.done(1000, 0);
  rows = 10'000;
  const auto start = std::chrono::steady_clock::now();
  throttle.before(stop.get_token());
  const auto waited = std::chrono::steady_clock::now() - start;
  EXPECT_GE(waited, 50ms);
  EXPECT_LT(waited, 60s);
  rows = 1;
  throttle.done(1000, 0);
  rows = 0;
  throttle.before(stop.get_token());  // would wait a quarter of an hour
}

TEST(Throttle, a_stop_ends_the_wait_of_a_backed_off_migration) {
  const Throttle::Rate no_limit{0};
  Counters counters;
  counters.backing_off = true;
  Throttle throttle(no_limit, no_limit, counters);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(throttle.before(stop.get_token()), base::Error);
}

}  // namespace
}  // namespace wherry::engine
