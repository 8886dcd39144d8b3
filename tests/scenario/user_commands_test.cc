// A switch that is guarded by nothing but commands of the user: an application that asks a config
// centre where to write, before every write, and what a switch waits for.

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

// Paths are relative to the folder of the config file.
constexpr const char* commands = R"(
cutover:
  max_downtime: 8 s
  patience: 2 s
  guards:
    command: {raise: ./raise, lower: ./lower, check: ./check, timeout: 3 s}
  wait_for:
    - {command: ./drained, timeout: 2 s}
    - {command: "echo second >>told", timeout: 2 s}
)";

void write_file(const fs::path& file, const std::string& text) {
  const fs::path fresh = file.string() + ".new";
  std::ofstream(fresh) << text;
  fs::permissions(fresh, fs::perms::owner_all);
  fs::rename(fresh, file);
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// Writes where `where` says, and says in `busy` when it does.
class Application {
 public:
  Application(const Server& source, const Server& target, fs::path folder)
      : sides_{{"source", &source}, {"target", &target}}, folder_(std::move(folder)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { write(stop); });
  }
  std::map<int, std::string> acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
  }
  void finish() {
    thread_.request_stop();
    thread_.join();
  }

 private:
  void write(const std::stop_token& stop) {
    for (int id = 1; !stop.stop_requested();) {
      write_file(folder_ / "busy", "");
      const std::string where = text_of(folder_ / "where");
      if (sides_.contains(where)) {
        sides_.at(where)->exec_sql("INSERT INTO shop.t VALUES (" + std::to_string(id) + ", '" +
                                   where + "')");
        const std::lock_guard lock(mutex_);
        acknowledged_[id++] = where;
      }
      fs::remove(folder_ / "busy");
      std::this_thread::sleep_for(2ms);
    }
  }

  const std::map<std::string, const Server*> sides_;
  const fs::path folder_;
  mutable std::mutex mutex_;
  std::map<int, std::string> acknowledged_;
  std::jthread thread_;
};

class UserCommands : public testing::Test {
 protected:
  UserCommands() {
    source.exec_sql("CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY, v CHAR(6))");
    write_file(folder / "where", "source");
    script("raise", "echo nobody >where");
    script("lower", "printf %s $WHERRY_SIDE >where.new; mv where.new where");
    script("check", "test ! -e busy");
    script("drained", ":");
  }
  // `name` tells that it runs, and for what.
  void script(const std::string& name, const std::string& body) const {
    write_file(folder / name, "#!/bin/sh\necho $WHERRY_ACTION $WHERRY_SIDE >>told\n" + body + "\n");
  }
  std::vector<std::string> told() const {
    std::ifstream in(folder / "told");
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
      if (lines.empty() || lines.back() != line) lines.push_back(line);  // a check comes often
    }
    return lines;
  }
  void wait_ready(const std::string& command) const {
    wait_until("ready for " + command, 60s, [&] {
      return wherry.command({command, "--dry-run"}).exit_code == 0;
    });
  }
  static std::size_t written(const Application& application, const std::string& side) {
    std::size_t count = 0;
    for (const auto& [id, where] : application.acknowledged()) count += where == side ? 1U : 0U;
    return count;
  }

  Server source = Server::start_mariadb();
  Server target = Server::start_mariadb();
  Wherry wherry{source, target, {"shop.*"}, commands};
  const fs::path folder = wherry.directory();
};

TEST_F(UserCommands, switch_an_application_over_and_back_and_no_write_is_lost) {
  wherry.start();
  Application application(source, target, folder);
  wait_ready("cutover");
  const auto checks = ask(wherry, {"cutover", "--dry-run"})["checks"].dump();
  EXPECT_NE(checks.find("./drained, at most 2 s"), std::string::npos) << checks;
  EXPECT_TRUE(told().empty()) << "a dry run runs nothing";

  const json over = ask(wherry, {"cutover", "--yes"});
  EXPECT_EQ(over["certificate"]["writable"], "target") << over.dump();
  EXPECT_NE(over["steps"].dump().find("wait for ./drained"), std::string::npos);
  EXPECT_EQ(told(), (std::vector<std::string>{"raise source", "check source", "wait_for source",
                                              "second", "lower target"}));
  wait_until("written there", 30s, [&] { return written(application, "target") > 20; });

  wait_ready("rollback");
  const json back = ask(wherry, {"rollback", "--yes"});
  EXPECT_EQ(back["certificate"]["writable"], "source") << back.dump();
  const auto before = written(application, "source");
  wait_until("written here", 30s, [&] { return written(application, "source") > before + 20; });

  application.finish();
  wait_ready("cutover");
  const auto comparison = compare_servers(source, target, {"--database", "shop"});
  EXPECT_TRUE(comparison.equal()) << comparison.output;
  EXPECT_EQ(source.query("SELECT COUNT(*) FROM shop.t").at(0).at(0).value(),
            std::to_string(application.acknowledged().size()));
}

// Whatever fails or hangs before the switch: the application is let in again where it wrote before.
TEST_F(UserCommands, that_fail_undo_the_switch) {
  wherry.start();
  Application application(source, target, folder);
  const auto expect_undone = [&](const std::string& name, const std::string& body,
                                 const std::string& code, const std::string& said) {
    SCOPED_TRACE(name + ": " + body);
    wait_ready("cutover");
    const std::string sound = text_of(folder / name);
    script(name, body);
    const json view = ask(wherry, {"cutover", "--yes"}, 1);
    EXPECT_EQ(view["error"]["code"], code);
    EXPECT_NE(view["error"]["message"].dump().find(said), std::string::npos) << view.dump();
    EXPECT_EQ(told().back(), "lower source");
    EXPECT_EQ(status(wherry)["state"], "following");
    const auto before = written(application, "source");
    wait_until("written on", 30s, [&] { return written(application, "source") > before + 20; });
    EXPECT_EQ(written(application, "target"), 0U);
    write_file(folder / name, sound);
  };
  expect_undone("raise", "echo nobody >where; echo no such unit; exit 5", "guard.command_failed",
                "no such unit");
  expect_undone("raise", "echo nobody >where; sleep 100", "guard.command_failed",
                "not done after 3 s");
  expect_undone("check", "echo app7 is here; exit 1", "seal.writers_left", "app7 is here");
  expect_undone("drained", "echo 17 messages are left; exit 1", "cutover.wait_for_failed",
                "17 messages are left");
  expect_undone("drained", "sleep 100", "cutover.wait_for_failed", "not done after 2 s");
  wait_ready("cutover");
  EXPECT_EQ(ask(wherry, {"cutover", "--yes"})["certificate"]["writable"], "target");
  application.finish();
}

// What lets the application in again fails: the next run does it before anything else.
TEST_F(UserCommands, that_cannot_lower_are_run_again_by_the_next_run) {
  wherry.start();
  wait_ready("cutover");
  const std::string sound = text_of(folder / "lower");
  script("lower", "echo no config centre; exit 1");
  const json view = ask(wherry, {"cutover", "--yes"}, 1);
  EXPECT_EQ(view["error"]["code"], "cutover.not_opened");
  EXPECT_NE(view["error"]["message"].dump().find("no config centre"), std::string::npos);
  EXPECT_EQ(status(wherry)["state"], "switched");
  EXPECT_EQ(wherry.stop(30s), 130);
  write_file(folder / "lower", sound);
  wherry.start();
  wait_until("it is let in", 30s, [&] { return text_of(folder / "where") == "target"; });
  wait_ready("rollback");
}

// Killed in the middle of a command, which dies with it; the next run lets the application in.
TEST_F(UserCommands, die_with_a_process_that_is_killed) {
  wherry.start();
  wait_ready("cutover");
  script("raise",
         "touch raising; sleep 2; "
         "echo nobody >where");
  std::jthread asks([&] { (void)wherry.command({"cutover", "--yes"}); });
  wait_until("a guard goes up", 30s, [&] { return fs::exists(folder / "raising"); });
  wherry.kill9();
  asks.join();
  fs::remove(folder / "where");
  wherry.start();
  wait_until("it is let in", 30s, [&] { return text_of(folder / "where") == "source"; });
  std::this_thread::sleep_for(2500ms);
  EXPECT_EQ(text_of(folder / "where"), "source");
  wait_until("following", 30s, [&] { return status(wherry)["state"] == "following"; });
}

// What a person finds who has nothing but the server's client.
TEST_F(UserCommands, stand_in_a_script_that_the_servers_client_takes) {
  wherry.start();
  wait_ready("cutover");
  (void)ask(wherry, {"cutover", "--yes"});
  for (const char* name : {"undo-source.sql", "undo-target.sql"}) {
    const auto script = folder / "journal" / name;
    EXPECT_NE(text_of(script).find("./lower"), std::string::npos);
    source.load_file(script);
  }
}

}  // namespace
}  // namespace wherry::tests
