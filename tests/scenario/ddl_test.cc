// Changes of definition in mid-stream: on tables that are copied and on those that are not yet,
// under a write load, with wherry killed around them. Rows and definitions are the same in the end.

#include <algorithm>
#include <chrono>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/shop.h"
#include "tests/support/way.h"

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

// One statement after another. A change of definition and a writer can wait for each other in a way
// that the server does not see, until one of them runs out of patience.
void run_patiently(const Server& source, const std::string& statements) {
  constexpr unsigned lock_wait_timeout = 1205;
  auto connection = source.connect();
  connection.exec("SET NAMES utf8mb4; SET innodb_lock_wait_timeout=3");
  std::istringstream each(statements);
  for (std::string sql; std::getline(each, sql, ';');) {
    for (int tries = 0;; ++tries) {
      try {
        connection.exec(sql);
        break;
      } catch (const SqlError& error) {
        if (error.number() != lock_wait_timeout || tries == 20) throw;
      }
    }
  }
}

class DdlTest : public OfKind {
 protected:
  static Server start_source() { return Server::start(GetParam()); }

  int between(int least, int most) {
    return std::uniform_int_distribution<int>(least, most)(random_);
  }
  void pause(int least_ms, int most_ms) {
    std::this_thread::sleep_for(std::chrono::milliseconds(between(least_ms, most_ms)));
  }

  void change(const Server& source, Wherry& wherry, const std::string& sql, bool with_kill) {
    std::jthread changing([&] { run_patiently(source, sql); });
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

// Statements of each kind, in sessions of each kind, with rows written in between. MySQL 5.7 has
// not all of them.
const std::vector<std::string>& changes_of_each_kind(bool mariadb) {
  static const std::vector<std::string> common{
      "ALTER TABLE d.t MODIFY s VARBINARY(40)", "ALTER TABLE d.t MODIFY n DECIMAL(12,3)",
      "UPDATE d.t SET n = n + 0.125 WHERE id = 1",
      // By name, not by number.
      "ALTER TABLE d.t MODIFY e ENUM('c','b','new','a')", "UPDATE d.t SET e = 'c' WHERE id = 2",
      "ALTER TABLE d.t CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
      "ALTER TABLE d.t MODIFY at DATETIME", "SET sql_mode=''; ALTER TABLE d.t MODIFY n TINYINT",
      "ALTER TABLE d.t CHANGE p q BIGINT FIRST, ADD COLUMN y BIGINT AS (q + 1) VIRTUAL",
      "UPDATE d.t SET q = id * 3", "ALTER TABLE d.t DROP PRIMARY KEY, ADD PRIMARY KEY (id, q)",
      "DELETE FROM d.t WHERE id = 3", "ALTER TABLE d.t RENAME TO d.t2",
      "RENAME TABLE d.t2 TO d.third, d.u TO d.t2, d.third TO d.u",
      "CREATE TABLE d.alike LIKE d.u; INSERT INTO d.alike (id, q, e) VALUES (9, 9, 'new')",
      "CREATE TEMPORARY TABLE d.passing (id INT); INSERT INTO d.passing VALUES (1); "
      "DROP TEMPORARY TABLE d.passing",
      "CREATE TABLE IF NOT EXISTS d.u (z INT PRIMARY KEY)", "DROP TABLE IF EXISTS d.nothing",
      "OPTIMIZE TABLE d.u; ANALYZE TABLE d.u; REPAIR TABLE d.u; CHECK TABLE d.u; FLUSH TABLES",
      "CREATE USER someone@localhost IDENTIFIED BY 'secret'; GRANT SELECT ON d.* TO "
      "someone@localhost; SET PASSWORD FOR someone@localhost = PASSWORD('other'); REVOKE SELECT ON "
      "d.* FROM someone@localhost; DROP USER someone@localhost",
      "ALTER TABLE d.u COMMENT 'it''s -- one', ROW_FORMAT=DYNAMIC", "ALTER TABLE d.u ENGINE=InnoDB",
      "/* a */ ALTER -- b\n TABLE `d` . /*!40000 `u` */ ADD # c\n COLUMN z0 INT DEFAULT 4",
      "SET sql_mode='ANSI_QUOTES,NO_BACKSLASH_ESCAPES'; ALTER TABLE d.\"u\" ADD \"a \"\" b\" "
      "VARCHAR(9) DEFAULT 'a\\'",
      "SET NAMES latin1, time_zone='-07:00'; ALTER TABLE d.u ADD w VARCHAR(9) DEFAULT '\xe9', ADD "
      "ts TIMESTAMP NULL",
      "SET time_zone='+09:00'; INSERT INTO d.u (id, q, ts) VALUES (70, 1, '2020-02-02 02:02:02')",
      "CREATE TABLE d.p (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION a VALUES LESS THAN "
      "(10), PARTITION b VALUES LESS THAN (20), PARTITION c VALUES LESS THAN (30)); INSERT INTO "
      "d.p "
      "VALUES (1), (11), (12), (21)",
      "ALTER TABLE d.p REORGANIZE PARTITION b INTO (PARTITION b1 VALUES LESS THAN (12), PARTITION "
      "b2 "
      "VALUES LESS THAN (20))",
      "ALTER TABLE d.p DROP PARTITION a", "ALTER TABLE d.p TRUNCATE PARTITION b2",
      "ALTER TABLE d.p ADD PARTITION (PARTITION d VALUES LESS THAN (40)); INSERT INTO d.p VALUES "
      "(35)",
      "ALTER TABLE d.p REBUILD PARTITION c", "ALTER TABLE d.p REMOVE PARTITIONING",
      "ALTER TABLE d.p PARTITION BY KEY (id) PARTITIONS 4",
      "ALTER TABLE d.p COALESCE PARTITION 2; INSERT INTO d.p VALUES (100)"};
  static const std::vector<std::string> all = [] {
    std::vector<std::string> out = common;
    out.insert(
        out.end(),
        {"ALTER TABLE d.u RENAME COLUMN w TO v2", "ALTER TABLE d.u ADD COLUMN IF NOT EXISTS v2 INT",
         "CREATE OR REPLACE TABLE d.alike (id INT PRIMARY KEY, j INT CHECK (j > 0))",
         "CREATE TABLE d.picked (id INT PRIMARY KEY) SELECT id FROM d.u",
         "ALTER TABLE d.u ADD COLUMN inv INT INVISIBLE DEFAULT 3",
         "CREATE SEQUENCE d.seq; DROP SEQUENCE d.seq",
         "SET STATEMENT max_statement_time=100 FOR ALTER TABLE d.u ADD COLUMN st INT"});
    return out;
  }();
  return mariadb ? all : common;
}

TEST_P(DdlTest, statements_of_each_kind_are_carried) {
  const Server source = start_source();
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET latin1; CREATE TABLE d.t (id INT PRIMARY KEY, s "
      "VARCHAR(20), "
      "n INT, e ENUM('a','b','c'), x TEXT, at DATETIME(6), p INT DEFAULT 1);"
      "SET NAMES utf8mb4; INSERT INTO d.t VALUES (1, 'é', 1, 'a', 'ü', '2001-02-03 04:05:06.7', "
      "1), "
      "(2, '', -5000, 'b', '', '1999-12-31 23:59:59.999999', 2), (3, NULL, 7, 'c', NULL, NULL, 3), "
      "(4, 'x ', 200, NULL, 'y', '2020-01-01', 4);"
      "CREATE TABLE d.u (id INT PRIMARY KEY); INSERT INTO d.u VALUES (5)");
  Wherry wherry(source, target, {"d.*"});
  run_until_proved(wherry);
  wherry.start();
  for (const auto& sql : changes_of_each_kind(GetParam() == ServerKind::mariadb)) {
    source.exec_sql(sql);
  }
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "d", "--definitions"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  EXPECT_EQ(wherry.output().find("secret"), std::string::npos);
}

// What gives rows values that the log does not tell, or another key to know them by.
std::vector<std::string> changes_copied_again(bool mariadb) {
  std::vector<std::string> all{
      "ALTER TABLE d.plain ADD COLUMN n INT NOT NULL AUTO_INCREMENT UNIQUE",
      "ALTER TABLE d.middle ADD COLUMN k INT NOT NULL AUTO_INCREMENT UNIQUE FIRST",
      "ALTER TABLE d.plain DROP PRIMARY KEY, DROP COLUMN n, ADD no BIGINT NOT NULL AUTO_INCREMENT "
      "PRIMARY KEY FIRST",
      "ALTER TABLE d.loose ADD COLUMN r INT NOT NULL AUTO_INCREMENT UNIQUE",
      "ALTER TABLE d.words MODIFY id VARCHAR(20) NOT NULL",
      "ALTER TABLE d.words DROP PRIMARY KEY"};
  if (mariadb) {
    all.insert(all.end(), {"ALTER TABLE d.plain ADD COLUMN r DOUBLE DEFAULT (RAND())",
                           "ALTER TABLE d.middle ADD COLUMN u CHAR(36) DEFAULT (UUID())"});
  }
  return all;
}

// Told by the log: nothing is copied for them.
const std::vector<std::string>& changes_by_the_clock() {
  static const std::vector<std::string> all{
      "SET time_zone='+03:00'; ALTER TABLE d.words ADD COLUMN t1 TIMESTAMP NULL DEFAULT "
      "'2001-02-03 04:05:06', ADD COLUMN t2 DATETIME DEFAULT CURRENT_TIMESTAMP",
      "SET time_zone='-05:00'; ALTER TABLE d.words ADD COLUMN t3 TIMESTAMP(6) DEFAULT "
      "CURRENT_TIMESTAMP(6), MODIFY t2 TIMESTAMP NULL, MODIFY t1 DATETIME"};
  return all;
}

class Adding {
 public:
  explicit Adding(const Server& source) {
    thread_ = std::jthread([&source](const std::stop_token& stop) {
      auto connection = source.connect();
      connection.exec("SET innodb_lock_wait_timeout=3");
      const std::vector<std::string> all{
          "INSERT INTO d.plain (id, v) SELECT MAX(id) + 1, UUID() FROM d.plain",
          "UPDATE d.plain SET v = UUID() WHERE id % 97 = {}",
          "DELETE FROM d.plain WHERE id % 4999 = {}",
          "INSERT IGNORE INTO d.root VALUES ({})",
          "INSERT IGNORE INTO d.middle (id, root) VALUES ({}, {})",
          "INSERT IGNORE INTO d.leaf (middle, line) VALUES ({}, {})",
          "DELETE FROM d.root WHERE id = {}",
          "INSERT INTO d.loose (v) VALUES ({})",
          "DELETE FROM d.loose WHERE v = {} LIMIT 1",
          "INSERT IGNORE INTO d.words (id, v) VALUES ({}, 'new')"};
      std::mt19937 random{5};
      while (!stop.stop_requested()) {
        std::string sql = all[random() % all.size()];
        const std::string n = std::to_string(random() % 300);
        for (auto at = sql.find("{}"); at != std::string::npos; at = sql.find("{}")) {
          sql.replace(at, 2, n);
        }
        try {
          connection.exec(sql);
        } catch (const SqlError&) {
          // A lock, or a row that must not be: others come.
        }
        std::this_thread::sleep_for(5ms);
      }
    });
  }

 private:
  std::jthread thread_;
};

TEST_P(DdlTest, tables_are_copied_again_where_the_log_does_not_tell_their_rows) {
  const Server source = start_source();
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE d; USE d; CREATE TABLE plain (id INT PRIMARY KEY, v CHAR(36));"
      "CREATE TABLE root (id INT PRIMARY KEY);"
      "CREATE TABLE middle (id INT PRIMARY KEY, root INT, FOREIGN KEY (root) REFERENCES root (id) "
      "ON DELETE CASCADE);"
      "CREATE TABLE leaf (middle INT, line INT, PRIMARY KEY (middle, line), FOREIGN KEY (middle) "
      "REFERENCES middle (id) ON DELETE CASCADE);"
      "CREATE TABLE loose (v INT); CREATE TABLE words (id INT PRIMARY KEY, v VARCHAR(20));"
      "INSERT INTO root VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);"
      "INSERT INTO root SELECT a.id * 10 + b.id + 10 FROM root a, root b WHERE a.id < 9;"
      "INSERT INTO plain SELECT a.id * 100 + b.id, UUID() FROM root a, root b;"
      "INSERT INTO middle SELECT id, id FROM root; INSERT INTO leaf SELECT id, id FROM root;"
      "INSERT INTO loose SELECT id % 7 FROM root; INSERT INTO words SELECT id, 'x' FROM plain");
  Wherry wherry(source, target, {"d.*"},
                "ddl: {default: apply}\nlimits: {rows_per_second: 4000}\n");
  const bool mariadb = GetParam() == ServerKind::mariadb;
  const auto all = changes_copied_again(mariadb);
  {
    const Adding writes(source);
    wherry.start();
    wait_until("tables to be copied", 60s, [&] {
      const json seen = status(wherry);
      return seen.is_object() && seen["state"] == "copying";
    });
    bool with_kill = false;
    for (const auto& sql : all) {
      change(source, wherry, sql, with_kill);
      with_kill = !with_kill;
    }
    wait_until("everything to be copied", 120s, [&] {
      if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
      const json seen = status(wherry);
      return seen.is_object() && seen["state"] == "following";
    });
  }
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const auto told = [&] {
    const json history = ask(wherry, {"history"});
    std::vector<std::string> out;
    for (const auto& event : history["events"]) {
      if (event["kind"] == "copied again") out.push_back(event["detail"]);
    }
    return out;
  };
  const auto again = told();
  EXPECT_EQ(again.size(), all.size()) << ask(wherry, {"history"}).dump(1);
  EXPECT_TRUE(std::any_of(again.begin(), again.end(), [](const std::string& detail) {
    return detail.starts_with("d.leaf, d.middle: the source gave its rows numbers");
  })) << ask(wherry, {"history"}).dump(1);

  wherry.start();
  for (const auto& sql : changes_by_the_clock()) change(source, wherry, sql, false);
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  // A source of another kind may convert times in its own way.
  EXPECT_EQ(told().size(), all.size() + (mariadb ? 0 : 1));
  const Comparison comparison =
      compare_servers(source, target, {"--database", "d", "--definitions"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

INSTANTIATE_TEST_SUITE_P(From, DdlTest, testing::Values(ServerKind::mariadb, ServerKind::mysql57),
                         name_of_kind);

}  // namespace
}  // namespace wherry::tests
