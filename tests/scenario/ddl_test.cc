// Changes of definition in mid-stream: on tables that are copied and on those that are not yet,
// under a write load, with wherry killed around them. Rows and definitions are the same in the end.

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/shop.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// While tables are being copied.
const std::vector<std::string>& early_changes() {
  static const std::vector<std::string> all{
      "ALTER TABLE shop.customers ADD COLUMN nick VARCHAR(30) DEFAULT 'né' AFTER name",
      "ALTER TABLE shop.addresses DROP COLUMN latitude, ADD COLUMN floor SMALLINT NOT NULL DEFAULT "
      "-1",
      "CREATE TABLE shop.fresh (id INT AUTO_INCREMENT PRIMARY KEY, words VARCHAR(50), n INT);"
      "INSERT INTO shop.fresh (words, n) VALUES ('a', 1), ('ü', 2), (NULL, NULL)",
      "ALTER TABLE shop.all_types DROP COLUMN e300, DROP COLUMN s64",
      "TRUNCATE TABLE shop.inventory",
      "RENAME TABLE shop.reviews TO shop.opinions",
      "DROP TABLE shop.sessions",
      "CREATE INDEX by_country ON shop.customers (country, born)",
      "ALTER TABLE shop.orders DROP INDEX ordered_at"};
  return all;
}

// When everything was copied.
const std::vector<std::string>& late_changes() {
  static const std::vector<std::string> all{
      "RENAME TABLE shop.opinions TO shop.reviews", "ALTER TABLE shop.customers DROP COLUMN nick",
      "ALTER TABLE shop.payments ADD COLUMN memo TEXT NULL COMMENT 'it''s new: 新'",
      "TRUNCATE TABLE shop.audit_log", "DROP INDEX by_country ON shop.customers",
      "ALTER TABLE shop.orders ADD INDEX at_and_status (ordered_at, status)",
      "DROP TABLE shop.fresh;"
      "CREATE TABLE shop.fresh (id BIGINT PRIMARY KEY, at DATETIME(3) NULL);"
      "INSERT INTO shop.fresh VALUES (1, NOW(3)), (2, NULL)",
      // As tools for online changes do.
      "CREATE TABLE shop.addresses_new LIKE shop.addresses;"
      "ALTER TABLE shop.addresses_new ADD COLUMN checked TINYINT NOT NULL DEFAULT 0;"
      "INSERT INTO shop.addresses_new SELECT *, 1 FROM shop.addresses;"
      "RENAME TABLE shop.addresses TO shop.addresses_old, shop.addresses_new TO shop.addresses;"
      "DROP TABLE shop.addresses_old",
      "ALTER TABLE shop.products MODIFY title VARCHAR(250) NOT NULL"};
  return all;
}

class DdlTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(GetParam()) == "mysql57" && !Server::mysql57_available()) {
      GTEST_SKIP() << "MySQL 5.7 cannot be had here";
    }
  }
  static Server start_source() {
    return std::string(GetParam()) == "mysql57" ? Server::start_mysql57() : Server::start_mariadb();
  }

  int between(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
  }
  void pause(int least_ms, int most_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(between(least_ms, most_ms)));
  }

  void change(const Server& source, Wherry& wherry, const std::string& sql, bool with_kill) {
    std::jthread changing([&] { source.exec_sql("SET NAMES utf8mb4; " + sql); });
    if (!with_kill) {
      changing.join();
      pause(0, 500);
    } else {
      pause(0, 300);
      if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
      wherry.kill9();
      changing.join();
      wherry.start();
      pause(400, 1500);
    }
    if (!wherry.running()) {
      throw std::runtime_error("it ended after: " + sql + "\n" + wherry.output());
    }
  }

  std::mt19937 random_{4};
};

TEST_P(DdlTest, definitions_change_in_mid_stream_and_all_arrives) {
  const Server source = start_source();
  const Server target = Server::start_mariadb();
  ShopOptions size;
  size.size = static_cast<unsigned>(sized(300, 2000));
  load_shop(source, size);
  Wherry wherry(source, target, {"shop.*"},
                "ddl: {default: apply}\nlimits:\n  threads: 2\n  memory: 64 MiB\n"
                "  rows_per_second: 600\n");
  Load load(source, {"--threads", "2", "--rate", "150"});
  wherry.start();
  wait_until("a table to be copied and another to wait", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
    const json seen = status(wherry);
    if (!seen.is_object() || seen["state"] != "copying") return false;
    const auto is = [&](const char* state) {
      return std::any_of(seen["tables"].begin(), seen["tables"].end(),
                         [&](const json& table) { return table["state"] == state; });
    };
    return is("waiting") && (is("copied") || is("proved"));
  });
  bool with_kill = false;
  for (const auto& sql : early_changes()) {
    change(source, wherry, sql, with_kill);
    with_kill = !with_kill;
  }
  wait_until("everything to be copied", 120s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["state"] == "following";
  });
  with_kill = true;
  for (const auto& sql : late_changes()) {
    change(source, wherry, sql, with_kill);
    with_kill = !with_kill;
  }
  source.exec_sql("INSERT INTO shop.fresh VALUES (3, '2001-02-03')");
  load.finish();
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "shop", "--definitions"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  // The history tells of each of them.
  const json history = ask(wherry, {"history"});
  const auto told = std::count_if(history["events"].begin(), history["events"].end(),
                                  [](const json& event) { return event["kind"] == "ddl"; });
  EXPECT_GE(told, 15) << history.dump(1);
}

// The target commits a change and its place in the log together; the journal learns of it after.
// A crash in between, played by holding that commit up: the journal is copied as it is meanwhile,
// and is all there is after the kill.
TEST(DdlJournal, a_change_that_it_did_not_hear_of_is_not_lost) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE d; CREATE TABLE d.a (id INT PRIMARY KEY, v INT);"
      "INSERT INTO d.a VALUES (1, 1), (2, 2); CREATE TABLE d.b LIKE d.a;"
      "INSERT INTO d.b VALUES (11, 1), (12, 2); CREATE TABLE d.c LIKE d.a");
  Wherry wherry(source, target, {"d.*"}, "ddl: {default: apply}\n");
  struct Step {
    const char* change;
    const char* applied;  // on the target: has rows when it is
    const char* after;    // written before the next run
  };
  const std::vector<Step> steps{
      {"CREATE TABLE d.made (id INT PRIMARY KEY, v INT)", "SHOW TABLES IN d LIKE 'made'",
       "INSERT INTO d.made VALUES (1, 10), (2, 20)"},
      {"RENAME TABLE d.a TO d.a2", "SHOW TABLES IN d LIKE 'a2'",
       "INSERT INTO d.a2 VALUES (3, 3); UPDATE d.a2 SET v=9 WHERE id=1"},
      {"RENAME TABLE d.a2 TO d.swap, d.b TO d.a2, d.swap TO d.b", "SELECT 1 FROM d.a2 WHERE id=11",
       "INSERT INTO d.a2 VALUES (13, 3); DELETE FROM d.b WHERE id=1"},
      {"ALTER TABLE d.b ADD COLUMN w INT DEFAULT 5", "SHOW COLUMNS IN d.b LIKE 'w'",
       "UPDATE d.b SET w=6"},
      {"DROP TABLE d.made",
       "SELECT 1 FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM "
       "information_schema.TABLES WHERE TABLE_SCHEMA='d' AND TABLE_NAME='made')",
       "INSERT INTO d.c VALUES (1, 1)"},
      {"CREATE TABLE d.made (id BIGINT PRIMARY KEY, v INT, w INT)", "SHOW TABLES IN d LIKE 'made'",
       "INSERT INTO d.made VALUES (7, 7, 7)"}};
  const auto journal = wherry.directory() / "journal";
  const auto before = wherry.directory() / "journal_before";
  run_until_proved(wherry);
  for (const Step& step : steps) {
    wherry.start();
    // The journal alone tells the state too; the process tells its number.
    pid_t pid = 0;
    wait_until("it to run", 30s, [&] {
      const auto now = status(wherry);
      if (now.value("state", "") != "following" || !now.value("running", false)) return false;
      pid = now.at("pid");
      return true;
    });
    Connection holding = target.connect();
    holding.exec("START TRANSACTION; SELECT * FROM _wherry.stream FOR UPDATE");
    source.exec_sql(step.change);
    wait_until(std::string(step.change) + " on the target", 30s,
               [&] { return !target.query(step.applied).empty(); });
    ASSERT_EQ(kill(pid, SIGSTOP), 0);
    std::filesystem::remove_all(before);
    std::filesystem::create_directory(before);
    for (const char* name : {"journal.sqlite", "journal.sqlite-wal"}) {
      if (std::filesystem::exists(journal / name)) {
        std::filesystem::copy(journal / name, before / name);
      }
    }
    ASSERT_EQ(kill(pid, SIGCONT), 0);
    ASSERT_EQ(target.query("SELECT 1 FROM _wherry.ddl WHERE done=0").size(), 1U);
    holding.exec("ROLLBACK");
    wait_until("its commit", 30s,
               [&] { return !target.query("SELECT 1 FROM _wherry.ddl WHERE done=1").empty(); });
    wherry.kill9();
    std::filesystem::remove_all(journal);
    std::filesystem::rename(before, journal);
    source.exec_sql(step.after);
    run_until_proved(wherry);
    const Comparison comparison =
        compare_servers(source, target, {"--database", "d", "--definitions"});
    ASSERT_TRUE(comparison.equal()) << step.change << "\n" << comparison.output << wherry.output();
  }
}

INSTANTIATE_TEST_SUITE_P(From, DdlTest, testing::Values("mariadb", "mysql57"),
                         [](const auto& kind) { return std::string(kind.param); });

}  // namespace
}  // namespace wherry::tests
