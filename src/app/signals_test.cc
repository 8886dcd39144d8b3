#include "app/signals.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace wherry::app {
namespace {

void wait_for(const std::atomic<bool>& flag) {
  for (int i = 0; i < 500 && !flag; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

TEST(Signals, the_first_requests_a_stop_and_is_named) {
  Signals signals;
  std::stop_source stop;
  std::string name;
  std::atomic<bool> told = false;
  signals.watch(
      stop,
      [&](const char* signal) {
        name = signal;
        told = true;
      },
      [] {});
  EXPECT_FALSE(stop.stop_requested());
  ::kill(::getpid(), SIGTERM);
  wait_for(told);
  ASSERT_TRUE(told);
  EXPECT_EQ(name, "SIGTERM");
  while (!stop.stop_requested()) std::this_thread::yield();
}

TEST(Signals, hangup_reloads_and_stops_nothing) {
  Signals signals;
  std::stop_source stop;
  std::atomic<bool> reloaded = false;
  signals.watch(
      stop, [](const char*) {}, [&] { reloaded = true; });
  ::kill(::getpid(), SIGHUP);
  wait_for(reloaded);
  EXPECT_TRUE(reloaded);
  EXPECT_FALSE(stop.stop_requested());
}

TEST(SignalsDeathTest, the_second_ends_the_process_at_once) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        Signals signals;
        std::stop_source stop;
        signals.watch(
            stop, [](const char*) {}, [] {});
        ::kill(::getpid(), SIGINT);
        while (!stop.stop_requested()) std::this_thread::yield();
        ::kill(::getpid(), SIGINT);
        std::this_thread::sleep_for(std::chrono::seconds(10));
      },
      testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace wherry::app
