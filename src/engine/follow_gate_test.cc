#include "engine/follow_gate.h"

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;
model::Position at(std::uint64_t offset) { return model::Position::in_log("log.1", offset); }

TEST(FollowGate, a_hold_without_a_limit_stops_everything) {
  FollowGate gate;
  gate.restart_at(at(10));
  ASSERT_TRUE(gate.try_take(at(10)));
  const auto hold = gate.hold();
  EXPECT_FALSE(hold.is_behind(at(10)));
  EXPECT_TRUE(hold.is_behind(at(20)));
  EXPECT_FALSE(gate.try_take(at(20)));
}

TEST(FollowGate, the_lowest_limit_of_all_holds_counts_and_a_transaction_at_it_stays_out) {
  FollowGate gate;
  auto wide = gate.hold();
  {
    auto narrow = gate.hold();
    wide.let_go_on_to(at(100));
    narrow.let_go_on_to(at(50));
    EXPECT_TRUE(gate.try_take(at(40)));
    EXPECT_FALSE(gate.try_take(at(50)));
  }
  EXPECT_TRUE(gate.try_take(at(50)));
  EXPECT_FALSE(gate.try_take(at(100)));
}

TEST(FollowGate, waits_end_when_following_gets_there_or_is_stopped) {
  FollowGate gate;
  std::stop_source stop;
  std::jthread follower([&] {
    std::this_thread::sleep_for(10ms);
    gate.set_applied(at(7));
  });
  gate.wait_applied(at(7), stop.get_token());
  EXPECT_EQ(gate.applied(), at(7));
  std::jthread stopper([&] {
    std::this_thread::sleep_for(10ms);
    stop.request_stop();
  });
  EXPECT_THROW(gate.wait_applied(at(8), stop.get_token()), base::Error);
}

TEST(FollowGate, a_restart_further_back_does_not_lower_what_was_taken) {
  FollowGate gate;
  ASSERT_TRUE(gate.try_take(at(10)));
  gate.restart_at(at(10));
  EXPECT_EQ(gate.applied(), at(10));
  EXPECT_FALSE(gate.hold().is_behind(at(10)));
}

}  // namespace
}  // namespace wherry::engine
