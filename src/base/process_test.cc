#include "base/process.h"

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/code_of.h"
#include "base/error.h"
#include "base/test_folder.h"

namespace wherry::base {
namespace {

using namespace std::chrono_literals;

class Process : public testing::Test {
 protected:
  static Program shell(const std::string& text) { return {{"/bin/sh", "-c", text}}; }
  std::string text_of(const std::string& name) const { return scratch.text_of(name); }
  bool appears(const std::string& name) const { return scratch.appears(name); }
  // The process that wrote its number there; gone, or dead and not reaped yet.
  bool is_gone(const std::string& name) const {
    for (int i = 0; i < 500; ++i) {
      std::ifstream in("/proc/" + std::to_string(std::stoi(text_of(name))) + "/stat");
      std::string number, command, state;
      if (!(in >> number >> command >> state) || state == "Z") return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  const TestFolder scratch{"process"};
  const std::filesystem::path& folder = scratch.path;
};

TEST_F(Process, tells_its_exit_code_and_what_it_said) {
  const auto end = run_program(shell("echo out; echo err >&2; exit 3"), 10s, {});
  EXPECT_EQ(end.code, 3);
  EXPECT_TRUE(end.in_time);
  EXPECT_EQ(end.output, "out\nerr\n");
  EXPECT_EQ(run_program(shell("kill -SEGV $$"), 10s, {}).code, 128 + SIGSEGV);
}

TEST_F(Process, sees_its_input_its_environment_and_its_folder) {
  Program program = shell("cat; echo $WHERRY_SIDE $HOME; pwd");
  program.input = "to be read\n";
  program.environment = {{"WHERRY_SIDE", "source"}, {"HOME", "/nowhere"}};
  program.folder = "/usr";
  EXPECT_EQ(run_program(program, 10s, {}).output, "to be read\nsource /nowhere\n/usr\n");
}

TEST_F(Process, keeps_the_end_of_what_it_said) {
  const auto end = run_program(shell("seq 100000; echo last"), 10s, {});
  EXPECT_EQ(end.output.size(), 4096U);
  EXPECT_TRUE(end.output.ends_with("100000\nlast\n"));
}

TEST_F(Process, has_no_file_of_ours_and_no_signal_blocked_or_ignored) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  const int ours = ::dup(STDOUT_FILENO);
  // Those of `ls`: three and the folder it lists.
  EXPECT_EQ(run_program(shell("ls /proc/self/fd | wc -l"), 10s, {}).output, "4\n");
  EXPECT_EQ(run_program(shell("kill -TERM $$; exit 0"), 10s, {}).code, 128 + SIGTERM);
  EXPECT_EQ(run_program(shell("kill -PIPE $$; exit 0"), 10s, {}).code, 128 + SIGPIPE);
  ::close(ours);
  std::signal(SIGPIPE, handler);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(Process, that_cannot_be_started_is_told) {
  EXPECT_EQ(code_of([] { run_program({{"/no/such/program"}}, 10s, {}); }), "process.not_started");
}

TEST_F(Process, is_ended_with_all_that_it_started_when_its_time_is_over) {
  Program program = shell("sleep 100 & echo $! >child; echo waiting; wait");
  program.folder = folder;
  const auto began = std::chrono::steady_clock::now();
  const auto end = run_program(program, 300ms, {});
  EXPECT_FALSE(end.in_time);
  EXPECT_EQ(end.output, "waiting\n");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);  // it heard the first signal
  EXPECT_TRUE(is_gone("child"));
}

TEST_F(Process, that_will_not_end_is_killed_with_all_that_it_started) {
  Program program = shell("trap '' TERM; sleep 100 & echo $! >child; sleep 100; sleep 100");
  program.folder = folder;
  const auto end = run_program(program, 300ms, {});
  EXPECT_FALSE(end.in_time);
  EXPECT_TRUE(is_gone("child"));
}

TEST_F(Process, may_put_things_in_order_before_it_is_killed) {
  Program program = shell("trap 'sleep 0.3; echo in order; exit 1' TERM; sleep 100 & wait");
  EXPECT_EQ(run_program(program, 200ms, {}).output, "in order\n");
}

TEST_F(Process, that_talks_without_end_is_ended_in_time) {
  const auto end = run_program(shell("yes"), 300ms, {});
  EXPECT_FALSE(end.in_time);
}

TEST_F(Process, is_ended_by_a_stop) {
  Program program = shell("echo $$ >child.new; mv child.new child; sleep 100");
  program.folder = folder;
  std::stop_source stop;
  std::jthread asks([&] {
    EXPECT_TRUE(appears("child"));
    stop.request_stop();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of([&] { run_program(program, 100s, stop.get_token()); }), "stopped");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
  EXPECT_TRUE(is_gone("child"));
}

TEST_F(Process, what_it_left_behind_goes_on) {
  Program program = shell("sleep 100 >/dev/null 2>&1 & echo $! >child");
  program.folder = folder;
  EXPECT_EQ(run_program(program, 10s, {}).code, 0);
  const pid_t left = std::stoi(text_of("child"));
  EXPECT_EQ(::kill(left, 0), 0);
  ::kill(left, SIGKILL);
}

TEST_F(Process, dies_with_us) {
  const pid_t us = ::fork();
  if (us == 0) {
    Program program = shell("sleep 100 & echo $! >child.new; mv child.new child; wait");
    program.folder = folder;
    run_program(program, 100s, {});
    ::_exit(0);
  }
  const bool started = appears("child");
  ::kill(us, SIGKILL);
  ::waitpid(us, nullptr, 0);
  ASSERT_TRUE(started);
  EXPECT_TRUE(is_gone("child"));
}

}  // namespace
}  // namespace wherry::base
