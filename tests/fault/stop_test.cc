// Stopped, paused and steered from outside while the source is written to.

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::string count(const Server& server, const std::string& table) {
  return server.query("SELECT COUNT(*) FROM " + table).at(0).at(0).value();
}

TEST(Stop, SIGTERM_stops_within_seconds_in_every_phase_and_the_next_run_goes_on) {
  Bed bed;
  bed.start_load(100'000);
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 8\n  memory: 64 MiB\n");
  for (const auto after : {30ms, 300ms, 900ms, 2500ms}) {
    wherry.start();
    std::this_thread::sleep_for(after);
    ASSERT_TRUE(wherry.running()) << wherry.output();
    // So early that nobody listens for it yet, it is the system that ends the process.
    const bool too_early = wherry.output().find("info") == std::string::npos;
    const auto code = wherry.stop(10s);
    ASSERT_TRUE(code == 130 || (too_early && code == 128 + SIGTERM)) << wherry.output();
  }
  bed.expect_equal_at_the_end(wherry);
}

TEST(Stop, a_second_SIGTERM_ends_it_at_once_and_the_next_run_goes_on) {
  Bed bed;
  bed.start_load(50'000);
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 8\n  memory: 64 MiB\n");
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(30s, [&] { return Bed::status(wherry).contains("pid"); }));
  // The target holds every commit back: a safe point is far away.
  Connection lock = bed.target.connect();
  lock.exec("FLUSH TABLES WITH READ LOCK");
  std::this_thread::sleep_for(1s);
  const pid_t pid = Bed::pid(wherry);
  ASSERT_NE(pid, 0);
  ::kill(pid, SIGTERM);
  std::this_thread::sleep_for(500ms);
  const auto second = Clock::now();
  EXPECT_EQ(wherry.stop(5s), 130) << wherry.output();
  EXPECT_LT(Clock::now() - second, 3s);
  lock.exec("UNLOCK TABLES");
  bed.expect_equal_at_the_end(wherry);
}

TEST(Stop, SIGHUP_takes_over_the_limits) {
  Bed bed;
  bed.start_load(200'000, 100);
  Wherry wherry(bed.source, bed.target, {"bank.*"},
                "limits:\n  threads: 4\n  memory: 64 MiB\n  rows_per_second: 500\n");
  const auto copied = [&] { return Bed::status(wherry)["tables"][0].value("rows", 0); };
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(60s, [&] {
    return Bed::status(wherry)["tables"].is_array() && !Bed::status(wherry)["tables"].empty();
  }));
  std::this_thread::sleep_for(4s);
  // Each thread may be one chunk of 2 MiB ahead of the rate.
  EXPECT_LT(copied(), 190'000);
  EXPECT_EQ(Bed::status(wherry).value("state", ""), "copying");
  std::string text;
  {
    std::ifstream in(wherry.config());
    text.assign(std::istreambuf_iterator<char>(in), {});
  }
  const std::string limit = "  rows_per_second: 500\n";
  text.erase(text.find(limit), limit.size());
  std::ofstream(wherry.config()) << text;
  ::kill(Bed::pid(wherry), SIGHUP);
  EXPECT_TRUE(Bed::wait_for(60s, [&] { return Bed::status(wherry)["state"] == "following"; }))
      << wherry.output();
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  bed.expect_equal_at_the_end(wherry);
}

TEST(Stop, paused_it_writes_nothing_and_resumed_it_catches_up) {
  Bed bed;
  bed.start_load(30'000);
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 2\n  memory: 64 MiB\n");
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(60s, [&] { return Bed::status(wherry)["state"] == "following"; }));
  for (int i = 0; i < times(2); ++i) {
    const RunResult paused = wherry.command({"pause"});
    ASSERT_EQ(paused.exit_code, 0) << paused.output;
    std::this_thread::sleep_for(1s);
    const std::string before = count(bed.target, "bank.t1");
    const auto source_before = bed.source.query("SHOW MASTER STATUS").at(0).at(1);
    const auto position =
        bed.target.query("SELECT position FROM _wherry.stream").at(0).at(0).value();
    std::this_thread::sleep_for(1s);
    EXPECT_NE(bed.source.query("SHOW MASTER STATUS").at(0).at(1), source_before);
    EXPECT_EQ(count(bed.target, "bank.t1"), before);
    EXPECT_EQ(bed.target.query("SELECT position FROM _wherry.stream").at(0).at(0).value(),
              position);
    EXPECT_EQ(Bed::status(wherry)["paused"], true);
    const RunResult resumed = wherry.command({"resume"});
    ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
    EXPECT_TRUE(Bed::wait_for(30s, [&] { return count(bed.target, "bank.t1") != before; }));
  }
  EXPECT_TRUE(wherry.running()) << wherry.output();
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  bed.expect_equal_at_the_end(wherry);
}

}  // namespace
}  // namespace wherry::tests
