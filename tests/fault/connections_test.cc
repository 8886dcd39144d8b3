// The network between wherry and both servers breaks at any byte, stands still, and is gone for a
// while: it lives through all of it by itself and loses nothing.

#include <chrono>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"
#include "tests/support/gate/gate.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

enum class Side { source, target };

std::string to_port(unsigned port) { return "127.0.0.1:" + std::to_string(port); }

TEST(Connections, cut_at_any_byte_stalled_and_refused_under_load_they_lose_nothing) {
  std::mt19937 random(seed_of_run());
  const auto pick = [&](unsigned most) { return random() % most; };
  Bed bed;
  bed.start_load(100'000);
  Gate source_gate(to_port(bed.source.port()));
  Gate target_gate(to_port(bed.target.port()));
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 8\n  memory: 64 MiB\n");
  Bed::use_ports(wherry, source_gate.port(), target_gate.port());
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(60s, [&] { return target_gate.accepted() > 6; })) << wherry.output();

  for (int i = 0; i < times(14); ++i) {
    Gate& gate = pick(2) == 0 ? source_gate : target_gate;
    const std::uint64_t before = source_gate.accepted() + target_gate.accepted();
    switch (pick(6)) {
      case 0:
        gate.cut();
        break;
      case 1:
        gate.stall(true);
        std::this_thread::sleep_for(std::chrono::milliseconds(200 + pick(2000)));
        gate.stall(false);
        break;
      case 2:
        gate.refuse(true);
        gate.cut();
        std::this_thread::sleep_for(std::chrono::milliseconds(200 + pick(1500)));
        gate.refuse(false);
        break;
      case 3:  // in the middle of what is sent to a new connection
        gate.cut();
        gate.cut_after(Direction::to_client, pick(2000));
        break;
      default:
        gate.cut_after(pick(2) == 0 ? Direction::to_server : Direction::to_client,
                       pick(pick(2) == 0 ? 3000U : 2'000'000U));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + pick(800)));
    ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
    RecordProperty("opened",
                   static_cast<int>(source_gate.accepted() + target_gate.accepted() - before));
  }
  // What was asked for and has not come yet would spoil the end.
  source_gate.cut_after(Direction::to_client, ~0ULL >> 2U);
  source_gate.cut_after(Direction::to_server, ~0ULL >> 2U);
  target_gate.cut_after(Direction::to_client, ~0ULL >> 2U);
  target_gate.cut_after(Direction::to_server, ~0ULL >> 2U);
  bed.stop_load();
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  bed.expect_equal_at_the_end(wherry);
}

class StandingStill : public testing::TestWithParam<Side> {};

TEST_P(StandingStill, a_server_does_not_keep_wherry_from_stopping) {
  Bed bed;
  bed.start_load(20'000, 300);
  const bool is_source = GetParam() == Side::source;
  Gate gate(to_port(is_source ? bed.source.port() : bed.target.port()));
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 2\n");
  Bed::use_ports(wherry, is_source ? gate.port() : bed.source.port(),
                 is_source ? bed.target.port() : gate.port());
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(60s, [&] { return Bed::status(wherry)["state"] == "following"; }))
      << wherry.output();
  gate.stall(true);
  std::this_thread::sleep_for(500ms);
  EXPECT_EQ(wherry.stop(30s), 130) << wherry.output();
  gate.stall(false);
  bed.expect_equal_at_the_end(wherry);
}

INSTANTIATE_TEST_SUITE_P(Connections, StandingStill, testing::Values(Side::source, Side::target),
                         [](const auto& side) {
                           return side.param == Side::source ? "source" : "target";
                         });

}  // namespace
}  // namespace wherry::tests
