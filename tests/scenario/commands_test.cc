// What scripts and people rely on: exit codes, JSON documents, one process a migration, pause and
// resume, and secrets that turn up nowhere.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/shop.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

class CommandsTest : public testing::Test {
 protected:
  CommandsTest() : source(Server::start_mariadb()), target(Server::start_mariadb()) {
    ShopOptions size;
    size.size = 50;
    load_shop(source, size);
  }

  static void wait_until_proved(Wherry& wherry) {
    wait_until("everything to be proved", 120s, [&] {
      if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
      const json seen = status(wherry);
      return seen.is_object() && seen["proof"]["all_proved"] == true;
    });
  }

  Server source;
  Server target;
};

// As a run holds it in its first moments.
TEST_F(CommandsTest, wait_while_the_journal_is_held_and_nobody_answers) {
  Wherry wherry(source, target, {"shop.*"});
  wherry.start();
  wait_until_proved(wherry);
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  const fs::path file = wherry.directory() / "journal" / "journal.sqlite.lock";
  const int held = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(held, 0);
  ASSERT_EQ(::flock(held, LOCK_EX | LOCK_NB), 0);
  const std::jthread lets_go([held] {
    std::this_thread::sleep_for(1500ms);
    ::close(held);
  });
  EXPECT_EQ(ask(wherry, {"pause"})["paused"], true);
}

TEST_F(CommandsTest, say_what_is_with_and_without_a_running_process) {
  Wherry wherry(source, target, {"shop.*"});
  // Nothing was started yet: no answer is made up.
  EXPECT_EQ(ask(wherry, {"status"}, 1)["code"], "journal.missing");
  EXPECT_EQ(ask(wherry, {"history"}, 1)["kind"], "error");
  EXPECT_EQ(ask(wherry, {"pause"}, 1)["code"], "journal.missing");
  const json assessment = ask(wherry, {"assess"});
  EXPECT_EQ(assessment["kind"], "assessment");
  EXPECT_EQ(assessment["ready"], true);
  EXPECT_TRUE(target.query("SHOW DATABASES LIKE '%wherry%'").empty()) << "assess changed something";

  wherry.start();
  wait_until_proved(wherry);
  const json live = ask(wherry, {"status"});
  EXPECT_EQ(live["kind"], "status");
  EXPECT_EQ(live["state"], "following");
  EXPECT_EQ(live["running"], true);
  EXPECT_TRUE(live["pid"].is_number());
  EXPECT_EQ(live["tables"].size(), 12U);

  // A second process is turned away and the first goes on.
  const json second = ask(wherry, {"run"}, 5);
  EXPECT_EQ(second["kind"], "error");
  EXPECT_TRUE(wherry.running());

  // Paused, nothing arrives; resumed, all does.
  EXPECT_EQ(ask(wherry, {"pause"})["kind"], "status");
  EXPECT_EQ(ask(wherry, {"status"})["paused"], true);
  std::this_thread::sleep_for(1s);
  source.exec_sql("INSERT INTO shop.categories VALUES (9000, NULL, 'while paused')");
  std::this_thread::sleep_for(2s);
  const char* const arrived = "SELECT 1 FROM shop.categories WHERE id=9000";
  EXPECT_TRUE(target.query(arrived).empty());
  ask(wherry, {"resume"});
  wait_until("the row to arrive", 30s, [&] { return !target.query(arrived).empty(); });
  EXPECT_EQ(ask(wherry, {"status"})["paused"], false);
  EXPECT_EQ(ask(wherry, {"verify"})["proof"]["all_proved"], true);
  EXPECT_TRUE(ask(wherry, {"repair", "--dry-run"})["collections"].empty());

  EXPECT_EQ(wherry.stop(30s), 130);
  const json kept = ask(wherry, {"status"});
  EXPECT_EQ(kept["running"], false);
  EXPECT_EQ(kept["state"], "following");
  EXPECT_EQ(kept["tables"].size(), 12U);
  const json history = ask(wherry, {"history"});
  EXPECT_EQ(history["kind"], "history");
  EXPECT_NE(history.dump().find("\"copying\""), std::string::npos);
  EXPECT_NE(history.dump().find("\"paused\""), std::string::npos);
  const json report = ask(wherry, {"report"});
  EXPECT_EQ(report["kind"], "report");
  EXPECT_EQ(report["status"]["tables"].size(), 12U);
  EXPECT_EQ(report["events"].size(), history["events"].size());
  const RunResult text = answer(wherry, {"report"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_NE(text.output.find("shop.orders"), std::string::npos) << text.output;

  // Paused in the journal holds for the next run.
  ask(wherry, {"pause"});
  wherry.start();
  wait_until("the run to answer", 30s, [&] { return status(wherry).value("running", false); });
  source.exec_sql("INSERT INTO shop.categories VALUES (9001, NULL, 'still paused')");
  std::this_thread::sleep_for(2s);
  EXPECT_TRUE(target.query("SELECT 1 FROM shop.categories WHERE id=9001").empty());
  ask(wherry, {"resume"});
  wait_until("the row to arrive", 30s,
             [&] { return !target.query("SELECT 1 FROM shop.categories WHERE id=9001").empty(); });
  EXPECT_EQ(wherry.stop(30s), 130);
  run_until_proved(wherry);
  EXPECT_TRUE(compare_servers(source, target, {"--database", "shop"}).equal());
}

TEST_F(CommandsTest, findings_and_mistakes_have_exit_codes_of_their_own) {
  source.exec_sql("CREATE TABLE shop.old_engine (a INT PRIMARY KEY) ENGINE=MyISAM");
  const Wherry blocked(source, target, {"shop.*"});
  const json assessment = ask(blocked, {"assess"}, 3);
  EXPECT_EQ(assessment["ready"], false);
  EXPECT_NE(assessment["findings"].dump().find("shop.old_engine"), std::string::npos);
  EXPECT_EQ(ask(blocked, {"run"}, 3)["code"], "assess.blocked");

  const Wherry mistaken(source, target, {"shop.*"}, "limmits: {threads: 2}\n");
  const RunResult usage = mistaken.command({"assess"});
  EXPECT_EQ(usage.exit_code, 2);
  EXPECT_NE(usage.output.find("limits"), std::string::npos) << "no suggestion: " << usage.output;
  EXPECT_NE(usage.output.find("wherry.yaml:"), std::string::npos) << "no line: " << usage.output;

  const Wherry fine(source, target, {"shop.*"});
  EXPECT_EQ(fine.command({"run", "--until", "tomorrow"}).exit_code, 2);
  EXPECT_EQ(fine.command({"stauts"}).exit_code, 2);
}

TEST_F(CommandsTest, passwords_turn_up_nowhere) {
  const std::string of_source = "s0urce-Secret-77xyz";
  const std::string of_target = "t4rget-Secret-88xyz";
  source.exec_sql("CREATE USER mover@'127.0.0.1' IDENTIFIED BY '" + of_source +
                  "'; GRANT SELECT, RELOAD, PROCESS, SHOW VIEW, REPLICATION SLAVE, BINLOG MONITOR "
                  "ON *.* TO mover@'127.0.0.1'");
  target.exec_sql("CREATE USER mover@'127.0.0.1' IDENTIFIED BY '" + of_target +
                  "'; GRANT ALL ON *.* TO mover@'127.0.0.1'");
  Wherry wherry(source, target, {"shop.*"});
  const fs::path password_file = wherry.directory() / "password";
  std::ofstream(password_file) << of_target << "\n";
  fs::permissions(password_file, fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_EQ(setenv("WHERRY_TEST_SOURCE_PASSWORD", of_source.c_str(), 1), 0);
  // By TCP, and with passwords, in place of the sockets.
  std::ofstream(wherry.config())
      << "name: test\nsource:\n  type: mysql\n  host: 127.0.0.1\n  port: " << source.port()
      << "\n  user: mover\n  password_env: WHERRY_TEST_SOURCE_PASSWORD\n"
      << "target:\n  type: mysql\n  host: 127.0.0.1\n  port: " << target.port()
      << "\n  user: mover\n  password_file: " << password_file.string()
      << "\ntables:\n  include: [\"shop.*\"]\njournal: "
      << (wherry.directory() / "journal").string() << "\n";

  const json assessment = ask(wherry, {"assess"});
  EXPECT_EQ(assessment["ready"], true) << assessment.dump(1);
  wherry.start();
  wait_until_proved(wherry);
  const json live = ask(wherry, {"status"});
  const std::string arguments =
      content("/proc/" + std::to_string(live["pid"].get<int>()) + "/cmdline");
  ASSERT_NE(arguments.find("run"), std::string::npos);
  std::string seen = arguments + assessment.dump() + live.dump();
  // As servers and other users see it while it runs.
  for (const Server* server : {&source, &target}) {
    for (const Row& row : server->query("SHOW FULL PROCESSLIST")) {
      for (const Cell& cell : row) seen += cell.value_or("");
    }
  }
  EXPECT_EQ(wherry.stop(30s), 130);

  // A wrong password is told without the password.
  std::ofstream(password_file) << "wr0ng-Secret-99xyz\n";
  const RunResult refused = wherry.command({"run", "--verbose", "--until", "proved"});
  EXPECT_EQ(refused.exit_code, 1) << refused.output;
  EXPECT_NE(refused.output.find("denied"), std::string::npos) << refused.output;
  seen += refused.output;
  std::ofstream(password_file) << of_target << "\n";

  const fs::path bundle = wherry.directory() / "bundle.tar.gz";
  ASSERT_EQ(ask(wherry, {"support-bundle", "--output", bundle.string()})["kind"], "support_bundle");
  const fs::path unpacked = wherry.directory() / "unpacked";
  fs::create_directory(unpacked);
  const RunResult unpack = run({"tar", "-xzf", bundle.string(), "-C", unpacked.string()});
  ASSERT_EQ(unpack.exit_code, 0) << unpack.output;
  seen += answer(wherry, {"report"}).output + answer(wherry, {"history", "--json"}).output;
  seen += wherry.output() + said_besides(wherry);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(wherry.directory())) {
    if (!entry.is_regular_file() || entry.path() == password_file) continue;
    seen += content(entry.path());
    ++files;
  }
  EXPECT_GT(files, 6);
  std::size_t bundled = 0;
  for (const auto& entry : fs::recursive_directory_iterator(unpacked)) {
    bundled += entry.is_regular_file() ? 1U : 0U;
  }
  EXPECT_GE(bundled, 4U);
  for (const char* part : {"s0urce-Secret", "t4rget-Secret", "wr0ng-Secret"}) {
    const auto at = seen.find(part);
    EXPECT_EQ(at, std::string::npos)
        << part << " in: " << seen.substr(at < 200 ? 0 : at - 200, 400);
  }
  // What lies on the disk is for its owner only.
  const auto others = fs::status(wherry.directory() / "journal").permissions() &
                      (fs::perms::group_all | fs::perms::others_all);
  EXPECT_EQ(others, fs::perms::none);
}

}  // namespace
}  // namespace wherry::tests
