#include "engine/source_turns.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;

TEST(SourceTurns, nobody_waits_and_reads_are_whole_while_the_source_is_ours) {
  const Limits limits;
  const Counters counters;
  SourceTurns turns(limits, counters);
  const auto one = turns.next({});
  const auto other = turns.next({});
  EXPECT_FALSE(one.piece());
  EXPECT_FALSE(other.piece());
}

TEST(SourceTurns, one_reads_a_piece_at_a_time_while_others_use_the_source) {
  const Limits limits;
  Counters counters;
  counters.others_use_source = true;
  SourceTurns turns(limits, counters);
  std::atomic<int> reading = 0;
  std::atomic<int> most = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 4; ++i) {
      readers.emplace_back([&] {
        for (int n = 0; n < 5; ++n) {
          const auto turn = turns.next({});
          EXPECT_TRUE(turn.piece());
          most = std::max<int>(most, ++reading);
          std::this_thread::sleep_for(1ms);
          --reading;
        }
      });
    }
  }
  EXPECT_EQ(most, 1);
}

TEST(SourceTurns, a_read_is_followed_by_a_longer_pause) {
  const Limits limits;
  Counters counters;
  counters.others_use_source = true;
  SourceTurns turns(limits, counters);
  std::chrono::steady_clock::time_point ended;
  {
    const auto turn = turns.next({});
    std::this_thread::sleep_for(10ms);
    ended = std::chrono::steady_clock::now();
  }
  const auto turn = turns.next({});
  EXPECT_GE(std::chrono::steady_clock::now() - ended, 30ms);
}

TEST(SourceTurns, a_stop_ends_the_wait_and_the_next_goes_on) {
  Limits limits;
  Counters counters;
  counters.others_use_source = true;
  SourceTurns turns(limits, counters);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW((void)turns.next(stop.get_token()), base::Error);
  { const auto turn = turns.next({}); }
  limits.yields = false;
  const auto one = turns.next({});
  EXPECT_FALSE(one.piece());
}

}  // namespace
}  // namespace wherry::engine
