#include "app/stop_signals.h"

#include <atomic>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace wherry::app {
namespace {

TEST(StopSignals, the_first_signal_requests_a_stop_and_tells) {
  std::atomic<bool> told = false;
  StopSignals signals([&] { told = true; });
  EXPECT_FALSE(signals.stopped_by_signal());
  ::kill(::getpid(), SIGTERM);
  for (int i = 0; i < 500 && !told; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_TRUE(told);
  EXPECT_TRUE(signals.token().stop_requested());
}

TEST(StopSignalsDeathTest, the_second_signal_ends_the_process_at_once) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(
      {
        StopSignals signals;
        ::kill(::getpid(), SIGINT);
        while (!signals.stopped_by_signal()) std::this_thread::yield();
        ::kill(::getpid(), SIGINT);
        std::this_thread::sleep_for(std::chrono::seconds(10));
      },
      testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace wherry::app
