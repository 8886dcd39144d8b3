// Exactly one writer: a second run is refused, and one that slept while another took over writes no
// more.

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

constexpr int taken = 5;

bool follows(const Wherry& wherry) {
  return Bed::wait_for(60s, [&] { return Bed::status(wherry).value("state", "") == "following"; });
}

TEST(OneWriter, a_second_run_is_refused_while_the_first_lives) {
  Bed bed;
  bed.start_load(20'000, 200);
  Wherry first(bed.source, bed.target, {"bank.*"});
  first.start();
  ASSERT_TRUE(follows(first)) << first.output();

  const RunResult same_journal = first.command({"run"});
  EXPECT_EQ(same_journal.exit_code, taken) << same_journal.output;
  EXPECT_NE(same_journal.output.find("journal.held"), std::string::npos) << same_journal.output;

  Wherry second(bed.source, bed.target, {"bank.*"});
  second.start();
  EXPECT_EQ(second.wait(30s), taken) << second.output();
  EXPECT_NE(second.output().find("lease.held"), std::string::npos) << second.output();

  EXPECT_TRUE(first.running()) << first.output();
  ASSERT_EQ(first.stop(30s), 130) << first.output();
  bed.expect_equal_at_the_end(first);
}

TEST(OneWriter, a_run_that_slept_while_another_took_over_writes_no_more) {
  Bed bed;
  bed.start_load(20'000, 400);
  Wherry sleeper(bed.source, bed.target, {"bank.*"});
  sleeper.start();
  ASSERT_TRUE(follows(sleeper)) << sleeper.output();
  const pid_t pid = Bed::pid(sleeper);
  ASSERT_NE(pid, 0);
  ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  // As restored from a backup of the journal on another machine: the same owner.
  Wherry heir(bed.source, bed.target, {"bank.*"});
  std::filesystem::create_directories(heir.directory() / "journal");
  for (const auto& file : std::filesystem::directory_iterator(sleeper.directory() / "journal")) {
    if (!file.is_regular_file()) continue;
    std::filesystem::copy(file, heir.directory() / "journal" / file.path().filename());
  }
  heir.start();
  ASSERT_TRUE(follows(heir)) << heir.output();
  std::this_thread::sleep_for(1s);
  ASSERT_EQ(::kill(pid, SIGCONT), 0);
  EXPECT_EQ(sleeper.wait(30s), taken) << sleeper.output();
  EXPECT_NE(sleeper.output().find("lease.fenced"), std::string::npos) << sleeper.output();
  EXPECT_TRUE(heir.running()) << heir.output();
  ASSERT_EQ(heir.stop(30s), 130) << heir.output();
  bed.expect_equal_at_the_end(heir);
}

}  // namespace
}  // namespace wherry::tests
