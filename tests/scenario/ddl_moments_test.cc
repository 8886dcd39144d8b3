// Changes of definition at moments of their own: one that is refused, those that come while the
// migration is planned, and those that a crash keeps from the journal.

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

// What would take a schema away with its tables, or give other values than the source's, stops
// there.
TEST(DdlRefusals, stop_by_name_before_anything_is_done) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  const std::vector<std::pair<std::string, std::string>> refused{
      {"DROP DATABASE d", "ddl.drop_database"}};
  for (const auto& [sql, code] : refused) {
    source.exec_sql(
        "DROP DATABASE IF EXISTS d; CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY "
        "KEY); INSERT INTO d.t VALUES (1); CREATE TABLE d.n LIKE d.t; INSERT INTO d.n "
        "VALUES (1), (2); CREATE TABLE d.p (id INT PRIMARY KEY) PARTITION BY RANGE (id) "
        "(PARTITION a VALUES LESS THAN (10))");
    target.exec_sql("DROP DATABASE IF EXISTS d; DROP DATABASE IF EXISTS _wherry");
    Wherry wherry(source, target, {"d.*"});
    run_until_proved(wherry);
    wherry.start();
    source.exec_sql(sql);
    ASSERT_TRUE(wherry.wait(60s)) << sql << wherry.output();
    EXPECT_NE(wherry.output().find("[" + code + "]"), std::string::npos) << sql << wherry.output();
    EXPECT_EQ(target.query("SELECT id FROM d.n").size(), 2U);
    EXPECT_EQ(target.query("SELECT id FROM d.t").size(), 1U);
  }
}

// A table that is being filled lacks its secondary indexes; a statement that names one finds it.
TEST(DdlWhileFilling, statements_about_indexes_find_them) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE d; USE d; CREATE TABLE d.t (id INT PRIMARY KEY, a INT, b INT, KEY a (a), "
      "KEY b "
      "(b)); INSERT INTO d.t SELECT seq, seq % 7, seq % 11 FROM seq_1_to_8000");
  for (const std::string like : {"u", "x", "y"}) {
    source.exec_sql("CREATE TABLE d." + like + " LIKE d.t; INSERT INTO d." + like +
                    " SELECT * FROM d.t; ANALYZE TABLE d." + like);
  }
  const auto indexes = [](const Server& server, const std::string& table) {
    std::vector<std::string> names;
    for (const auto& row : server.query("SHOW INDEX FROM d." + table)) {
      names.push_back(row.at(2).value());
    }
    return names;
  };
  Wherry wherry(source, target, {"d.*"}, "limits: {rows_per_second: 3000}\n");
  wherry.start();
  wait_until("some of the rows", 60s, [&] {
    const auto now = status(wherry);
    return now.contains("copy") && now["copy"]["rows"].get<int>() > 0;
  });
  EXPECT_EQ(indexes(target, "u"), std::vector<std::string>{"PRIMARY"});
  source.exec_sql("CREATE TABLE d.like_x LIKE d.x");
  source.exec_sql("CREATE TABLE d.child (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES d.y (a))");
  source.exec_sql("ALTER TABLE d.t DROP INDEX a, ADD INDEX c (b, a)");
  source.exec_sql("CREATE VIEW d.v AS SELECT id FROM d.u FORCE INDEX (b)");
  wait_until("both statements", 30s, [&] {
    const std::string told = wherry.output();
    return told.find("applied alter table") != std::string::npos &&
           told.find("applied view") != std::string::npos;
  });
  wherry.stop(30s);
  run_until_proved(wherry);
  for (const std::string table : {"t", "u", "x", "y", "like_x", "child"}) {
    EXPECT_EQ(indexes(target, table), indexes(source, table)) << table;
  }
  EXPECT_EQ(target.query("SELECT COUNT(*) FROM d.v").at(0).at(0).value(), "8000");
}

// Copying reads ahead of following: a name may mean another table there already.
TEST(DdlWhileFilling, tables_that_exchanged_their_names_have_each_its_own_rows) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE d; USE d; CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(20)); "
      "CREATE TABLE b LIKE a; "
      // The largest is copied first.
      "CREATE TABLE c (id INT PRIMARY KEY, v VARCHAR(20), filler MEDIUMTEXT); "
      "INSERT INTO c VALUES (1, 'c', REPEAT('x', 2000000)); "
      "INSERT INTO a SELECT seq, 'of a' FROM seq_1_to_2000; "
      "INSERT INTO b SELECT seq, 'of b' FROM seq_1_to_2000; ANALYZE TABLE a, b, c");
  Wherry wherry(source, target, {"d.*"}, "limits: {threads: 2, rows_per_second: 600}\n");
  wherry.start();
  const auto rows_copied = [&] {
    const auto now = status(wherry);
    return now.contains("copy") ? now["copy"]["rows"].get<int>() : 0;
  };
  wait_until("some of the rows", 60s,
             [&] { return rows_copied() > 0 && !target.query("SELECT id FROM d.c").empty(); });
  auto other = target.connect("d");
  other.exec("BEGIN; SELECT * FROM c FOR UPDATE");
  source.exec_sql("USE d; UPDATE c SET v = 'followed'; RENAME TABLE a TO x, b TO a, x TO b");
  ASSERT_LT(rows_copied(), 3500);
  wait_until("the other rows", 60s, [&] { return rows_copied() >= 4001; });
  other.exec("ROLLBACK");
  wherry.stop(30s);
  run_until_proved(wherry);
  EXPECT_EQ(target.query("SELECT DISTINCT v FROM d.a").at(0).at(0).value(), "of b");
  EXPECT_EQ(target.query("SELECT DISTINCT v FROM d.b").at(0).at(0).value(), "of a");
  EXPECT_EQ(target.query("SELECT COUNT(*) FROM d.a").at(0).at(0).value(), "2000");
}

// Planning reads definitions later than the place where its stream begins: rows from in between do
// not fit them.
TEST(DdlWhilePlanning, columns_come_and_go_and_the_migration_begins) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE busy; CREATE TABLE busy.t (id INT AUTO_INCREMENT PRIMARY KEY, "
      "a INT)");
  // Longer from try to try: however slow the machine is, one of them is planned in between.
  std::atomic<std::chrono::milliseconds> pause{30ms};
  std::jthread changing([&](const std::stop_token& stop) {
    auto connection = source.connect("busy");
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(pause.load());
      connection.exec("INSERT INTO t (a) VALUES (1)");
      connection.exec("ALTER TABLE t ADD COLUMN b DOUBLE");
      connection.exec("INSERT INTO t (a, b) VALUES (2, 2)");
      connection.exec("ALTER TABLE t DROP COLUMN b");
    }
  });
  int began = 0;
  for (int i = 0; i < 8; ++i, pause = 2 * pause.load()) {
    Wherry wherry(source, target, {"busy.*"});
    wherry.start();
    wait_until("a state beyond planned, or its end", std::chrono::seconds(60), [&] {
      if (!wherry.running()) return true;
      const auto now = status(wherry);
      return now.contains("state") && now["state"] != "planned";
    });
    const bool ran = wherry.running();
    if (ran) {
      ++began;
      wherry.stop(std::chrono::seconds(30));
    }
    const bool unsettled = wherry.output().find("plan.unsettled") != std::string::npos;
    ASSERT_TRUE(ran || unsettled) << wherry.output();
    target.exec_sql("DROP DATABASE IF EXISTS busy; DROP DATABASE IF EXISTS _wherry");
  }
  EXPECT_GT(began, 0);
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

}  // namespace
}  // namespace wherry::tests
