#include "guards/command_guard.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/code_of.h"
#include "base/error.h"
#include "base/test_folder.h"
#include "guards/awaited_command.h"

namespace wherry::guards {
namespace {

using base::code_of;
using base::Error;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

class UserCommands : public testing::Test {
 protected:
  ShellCommand command(const std::string& text) const {
    return ShellCommand(text, {"shop", folder.string(), [this] { return active; }});
  }
  CommandGuard guard(const std::string& raise, const std::string& lower,
                     const std::string& check = "", std::chrono::milliseconds timeout = 10s) const {
    Commands commands{command(raise), command(lower), std::nullopt, timeout};
    if (!check.empty()) commands.check.emplace(command(check));
    return CommandGuard("target", std::move(commands));
  }
  std::string text_of(const std::string& name) const { return scratch.text_of(name); }
  bool appears(const std::string& name) const { return scratch.appears(name); }

  std::string active = "target";
  const base::TestFolder scratch{"commands"};
  const std::filesystem::path& folder = scratch.path;
};

constexpr const char* tell = "echo $WHERRY_ACTION of $WHERRY_SIDE for $WHERRY_MIGRATION >>told";

TEST_F(UserCommands, are_told_what_they_are_run_for) {
  auto tells = guard(tell, tell, tell);
  const auto undo = tells.look();
  tells.raise(undo, {});
  EXPECT_THAT(tells.drain(0ms, {}), IsEmpty());
  tells.lower(undo, {});
  AwaitedCommand(command(tell), 10s).wait(10s, {});
  EXPECT_EQ(text_of("told"),
            "raise of target for shop\n"
            "check of target for shop\n"
            "lower of target for shop\n"
            "wait_for of target for shop\n");
}

// Nothing is stopped at a side that nobody writes to, and nobody is sent there.
TEST_F(UserCommands, run_for_the_side_that_applications_write_to_alone) {
  auto tells = guard(tell, tell, tell);
  active = "source";
  tells.raise(tells.look(), {});
  EXPECT_THAT(tells.drain(0ms, {}), IsEmpty());
  tells.lower(tells.look(), {});
  EXPECT_EQ(text_of("told"), "");
}

TEST_F(UserCommands, that_fail_are_told_with_their_last_words) {
  auto fails = guard("seq 1 20; echo 'no such unit' >&2; exit 5", "exit 127");
  try {
    fails.raise(fails.look(), {});
    FAIL() << "it has failed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "guard.command_failed");
    EXPECT_EQ(error.kind(), base::ErrorKind::rejected);
    EXPECT_THAT(error.what(), HasSubstr("exit code 5"));
    EXPECT_THAT(error.what(), HasSubstr("17 | 18 | 19 | 20 | no such unit"));
  }
  EXPECT_EQ(code_of([&] { fails.lower({}, {}); }), "guard.command_failed");
}

TEST_F(UserCommands, that_take_too_long_are_ended) {
  auto hangs = guard("echo stopping; sleep 100", "true", "", 200ms);
  try {
    hangs.raise(hangs.look(), {});
    FAIL() << "it has hung";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("not done after 200 ms, and killed"));
    EXPECT_THAT(error.what(), HasSubstr("stopping"));
  }
  const auto began = std::chrono::steady_clock::now();
  AwaitedCommand awaited(command("sleep 100"), 60s);
  EXPECT_EQ(code_of([&] { awaited.wait(200ms, {}); }), "cutover.wait_for_failed");
  AwaitedCommand impatient(command("sleep 100"), 200ms);
  EXPECT_EQ(code_of([&] { impatient.wait(60s, {}); }), "cutover.wait_for_failed");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 30s);
}

TEST_F(UserCommands, that_run_when_a_stop_is_asked_for_are_ended) {
  auto hangs = guard("touch running; sleep 100", "true");
  std::stop_source stop;
  std::jthread asks([&] {
    EXPECT_TRUE(appears("running"));
    stop.request_stop();
  });
  EXPECT_EQ(code_of([&] { hangs.raise(hangs.look(), stop.get_token()); }), "stopped");
}

TEST_F(UserCommands, check_is_run_until_nobody_writes) {
  auto takes_three = guard("true", "true", "echo >>looks; echo app7; test $(wc -l <looks) -ge 3");
  EXPECT_THAT(takes_three.drain(20s, {}), IsEmpty());
  EXPECT_EQ(text_of("looks"), "\n\n\n");
  auto writes_on = guard("true", "true", "echo app7 is connected; exit 1");
  const auto left = writes_on.drain(150ms, {});
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].why, "app7 is connected");
  EXPECT_THAT(left[0].who, HasSubstr("exit code 1"));
  // It is asked at least once.
  EXPECT_THAT(guard("true", "true", "exit 1").drain(0ms, {}), SizeIs(1));
  EXPECT_THAT(guard("true", "true").drain(0ms, {}), IsEmpty());
}

TEST_F(UserCommands, that_cannot_be_started_are_found_and_nothing_is_run) {
  std::ofstream(folder / "plain") << "#!/bin/sh\n";
  std::ofstream(folder / "script") << "#!/bin/sh\ntouch ran\n";
  std::filesystem::permissions(folder / "script", std::filesystem::perms::owner_all);
  EXPECT_THAT(guard("./script", "no-such-program now", "./plain").assess(),
              ElementsAre(testing::Field(&model::Finding::why, HasSubstr("'no-such-program'")),
                          testing::Field(&model::Finding::why, HasSubstr("cannot be executed"))));
  EXPECT_THAT(guard("/no/such", "true", (folder / "script").string()).assess(), SizeIs(1));
  // What the shell makes of these is not known before.
  EXPECT_THAT(guard("$HOME/stop", "(cd /; ls)", "if true; then :; fi").assess(), IsEmpty());
  EXPECT_THAT(AwaitedCommand(command("/no/such"), 1s).assess(), SizeIs(1));
  EXPECT_THAT(AwaitedCommand(command("until true; do :; done"), 1s).assess(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(folder / "ran"));
}

// A client that is fed the undo script makes nothing of it.
TEST_F(UserCommands, stand_in_the_undo_script_as_comments) {
  const auto undo = guard("true", "start 'app\nDROP DATABASE shop;\n\nexit").look();
  ASSERT_THAT(undo.statements, SizeIs(1));
  std::istringstream lines(undo.statements[0]);
  for (std::string line; std::getline(lines, line);) EXPECT_TRUE(line.starts_with("-- ")) << line;
  EXPECT_THAT(undo.statements[0], HasSubstr("WHERRY_SIDE=target"));
  EXPECT_THAT(undo.statements[0], HasSubstr("in " + folder.string()));
  EXPECT_THAT(undo.statements[0], HasSubstr("start 'app"));
}

TEST_F(UserCommands, are_shown_on_one_line_of_whole_characters) {
  EXPECT_EQ(command("one\ntwo\n").printable(), "one …");
  EXPECT_EQ(command(std::string(59, 'x') + "äää").printable(), std::string(59, 'x') + " …");
}

// Killed while a command runs: it does not go on beside what the next process runs.
TEST_F(UserCommands, die_with_the_process_that_runs_them) {
  auto slow = guard("touch raising; sleep 1; touch raised", "touch lowered");
  const pid_t first = ::fork();
  if (first == 0) {
    slow.raise({}, {});
    ::_exit(0);
  }
  const bool began = appears("raising");
  ::kill(first, SIGKILL);
  ::waitpid(first, nullptr, 0);
  ASSERT_TRUE(began);
  slow.lower(slow.look(), {});
  std::this_thread::sleep_for(1500ms);
  EXPECT_TRUE(std::filesystem::exists(folder / "lowered"));
  EXPECT_FALSE(std::filesystem::exists(folder / "raised"));
}

}  // namespace
}  // namespace wherry::guards
