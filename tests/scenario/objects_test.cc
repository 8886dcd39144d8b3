// Views and routines come with their tables and follow what becomes of them; triggers and events
// are held back and told. What a server prints of an object on one side, it prints on the other.

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/connection.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Made in odd sessions, and named so that the alphabet is no help.
constexpr const char* objects = R"(
SET NAMES utf8mb4;
CREATE USER 'maker'@'%' IDENTIFIED BY 'x';
GRANT ALL ON *.* TO 'maker'@'%';
CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
USE shop;
CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(40), total DECIMAL(10,2));
INSERT INTO orders VALUES (1,'a',10),(2,'ß',20),(3,NULL,30);
CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT);
CREATE FUNCTION taxed(x DECIMAL(10,2)) RETURNS DECIMAL(12,2) DETERMINISTIC RETURN x * 1.19;
CREATE VIEW z_base AS SELECT id, total, shop.taxed(total) AS gross FROM orders;
CREATE VIEW a_top AS SELECT * FROM z_base WHERE gross > 12;
CREATE ALGORITHM=MERGE DEFINER='maker'@'%' SQL SECURITY INVOKER VIEW checked AS
  SELECT id, note FROM orders WHERE id > 0 WITH LOCAL CHECK OPTION;
SET NAMES latin1;
CREATE VIEW in_latin1 AS SELECT id, 'x' AS word FROM orders;
SET NAMES utf8mb4;
SET sql_mode='ANSI_QUOTES,PIPES_AS_CONCAT';
CREATE PROCEDURE "say it"(IN word VARCHAR(20), OUT said TEXT)
  COMMENT 'it''s about shop' SQL SECURITY INVOKER
  SELECT 'said: ' || word || "id" INTO said FROM shop.orders LIMIT 1;
SET sql_mode='';
CREATE TRIGGER logged AFTER INSERT ON orders FOR EACH ROW INSERT INTO log (what) VALUES (NEW.note);
CREATE EVENT sweep ON SCHEDULE EVERY 1 DAY DO DELETE FROM log WHERE id < 0;
)";

std::string cell(const Server& server, const std::string& sql) {
  const auto rows = server.query(sql);
  return rows.empty() || !rows[0][0] ? "NULL" : *rows[0][0];
}

// Everything that a server says of a view or a routine, but when it was made.
std::map<std::string, std::string> objects_of(const Server& server, const std::string& schema) {
  std::map<std::string, std::string> out;
  const auto add = [&](const std::string& kind, const std::string& name) {
    const auto rows = server.query("SHOW CREATE " + kind + " `" + schema + "`.`" + name + "`");
    std::string all;
    for (const auto& value : rows.at(0)) all += value.value_or("NULL") + " | ";
    for (auto at = all.find("`" + schema + "`"); at != std::string::npos;
         at = all.find("`" + schema + "`")) {
      all.replace(at, schema.size() + 2, "HOME");
    }
    out[kind + " " + name] = all;
  };
  for (const auto& row : server.query(
           "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA='" + schema + "'")) {
    add("VIEW", row[0].value());
  }
  for (const auto& row :
       server.query("SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES WHERE "
                    "ROUTINE_SCHEMA='" +
                    schema + "'")) {
    add(row[0].value(), row[1].value());
  }
  return out;
}

// One statement at a time: MySQL takes what stands between two into a routine's body.
void run(const Server& server, std::string script) {
  auto connection = server.connect();
  for (std::size_t end = 0; (end = script.find(";\n")) != std::string::npos;) {
    connection.exec(script.substr(0, end));
    script.erase(0, end + 2);
  }
}

json finding_of(const json& status, const std::string& code, const std::string& subject) {
  for (const auto& finding : status["findings"]) {
    if (finding["code"] == code && finding["subject"] == subject) return finding;
  }
  return nullptr;
}

void settle(Wherry& wherry, const Server& source, const Server& target, const char* schema) {
  static int number = 0;
  const std::string mark = std::to_string(++number);
  source.exec_sql(
      "CREATE TABLE IF NOT EXISTS shop.settle (id INT PRIMARY KEY); "
      "INSERT INTO shop.settle VALUES (" +
      mark + ")");
  wait_until("the last statement to arrive", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
    try {
      return cell(target, std::string("SELECT COUNT(*) FROM `") + schema +
                              "`.settle WHERE id=" + mark) == "1";
    } catch (const std::exception&) {
      return false;
    }
  });
}

class ObjectsTest : public OfKind {
 protected:
  static Server start() { return Server::start(GetParam()); }
};

TEST_P(ObjectsTest, views_and_routines_are_made_followed_and_renamed) {
  const Server source = start();
  const Server target = start();
  run(source, objects);
  target.exec_sql(
      "CREATE USER 'other'@'%' IDENTIFIED BY 'x'; GRANT ALL ON *.* TO 'other'@'%'; "
      "CREATE DATABASE shop2 CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci; "
      "CREATE PROCEDURE shop2.mine() SELECT 1");
  Wherry wherry(source, target, {"shop.*"},
                "routes: [{from: shop, to: shop2}]\ndefiners: {map: {\"maker@%\": \"other@%\"}}\n");
  wherry.start();
  settle(wherry, source, target, "shop2");

  const auto compare = [&] {
    auto expected = objects_of(source, "shop");
    for (auto& [name, text] : expected) {
      const auto at = text.find("`maker`@`%`");
      if (at != std::string::npos) text.replace(at, 11, "`other`@`%`");
    }
    auto found = objects_of(target, "shop2");
    found.erase("PROCEDURE mine");
    for (auto* side : {&expected, &found}) {
      // In a body the schema stands as its author wrote it.
      for (auto& [name, text] : *side) {
        for (const char* written : {"shop2.", "shop.", "HOME."}) {
          for (auto at = text.find(written); at != std::string::npos; at = text.find(written)) {
            text.replace(at, std::string(written).size(), "IN:");
          }
        }
        for (auto at = text.find("IN:`orders`"); at != std::string::npos;
             at = text.find("IN:`orders`")) {
          text.replace(at, 11, "IN:orders");
        }
      }
    }
    EXPECT_EQ(found, expected) << wherry.output();
  };
  compare();
  EXPECT_EQ(cell(target, "SELECT COUNT(*) FROM shop2.a_top"), "2");
  EXPECT_EQ(cell(target,
                 "SELECT COUNT(*) FROM information_schema.TRIGGERS"
                 " WHERE TRIGGER_SCHEMA='shop2'"),
            "0");
  EXPECT_EQ(cell(target,
                 "SELECT COUNT(*) FROM information_schema.EVENTS"
                 " WHERE EVENT_SCHEMA='shop2'"),
            "0");
  EXPECT_EQ(status(wherry)["held_back"], json::parse(R"([{"kind":"trigger","name":"shop.logged"},
                            {"kind":"event","name":"shop.sweep"}])"));

  // Followed, with a kill in the middle; the table that a view needs comes right before it.
  source.exec_sql("USE shop; CREATE VIEW later AS SELECT note FROM orders");
  wherry.kill9();
  run(source,
      "USE shop;\nCREATE TABLE fresh (id INT PRIMARY KEY);\n"
      "CREATE VIEW over_fresh AS SELECT id FROM fresh;\n"
      "ALTER VIEW later AS SELECT note, id FROM shop.orders;\nDROP VIEW checked;\n"
      "CREATE OR REPLACE VIEW z_base AS SELECT id, total, taxed(total)+1 AS gross FROM orders;\n"
      "CREATE PROCEDURE added() INSERT INTO log (what) VALUES ('x');\n"
      "ALTER PROCEDURE added COMMENT 'said so';\nDROP FUNCTION IF EXISTS nothing;\n"
      "CREATE PROCEDURE mine() SELECT 2;\nDROP TRIGGER logged;\n"
      "CREATE PROCEDURE `dynamic`() BEGIN SET @q = 'SELECT * FROM shop.orders'; "
      "PREPARE s FROM @q; EXECUTE s; END;\n");
  wherry.start();
  settle(wherry, source, target, "shop2");
  const json seen = status(wherry);
  EXPECT_TRUE(finding_of(seen, "target.object_exists", "procedure shop.mine").is_object())
      << seen.dump(1);
  EXPECT_TRUE(finding_of(seen, "objects.names", "procedure shop.dynamic").is_object());
  EXPECT_EQ(seen["held_back"], json::parse(R"([{"kind":"event","name":"shop.sweep"}])"));
  EXPECT_EQ(cell(target,
                 "SELECT ROUTINE_DEFINITION FROM information_schema.ROUTINES WHERE "
                 "ROUTINE_SCHEMA='shop2' AND ROUTINE_NAME='mine'"),
            "SELECT 1");
  // Dropped on the source, it is nobody's concern any more; the other's own stays.
  source.exec_sql("DROP PROCEDURE shop.mine; DROP PROCEDURE shop.dynamic");
  settle(wherry, source, target, "shop2");
  EXPECT_TRUE(finding_of(status(wherry), "target.object_exists", "procedure shop.mine").is_null());
  compare();
  const json report = ask(wherry, {"report"});
  ASSERT_EQ(report["held_back"].size(), 1U);
  EXPECT_NE(report["held_back"][0]["sql"].get<std::string>().find("DELETE FROM log"),
            std::string::npos);
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
}

TEST_P(ObjectsTest, what_cannot_be_made_is_a_finding_by_its_name) {
  const Server source = start();
  const Server target = start();
  run(source, objects);
  source.exec_sql(
      "CREATE DATABASE other; CREATE TABLE other.t (id INT PRIMARY KEY); "
      "CREATE VIEW shop.outside AS SELECT id FROM other.t");
  Wherry wherry(source, target, {"shop.*"});
  const json assessed = ask(wherry, {"assess"});
  EXPECT_TRUE(finding_of(assessed, "objects.definer_missing", "view shop.checked").is_object())
      << assessed.dump(1);
  EXPECT_TRUE(finding_of(assessed, "source.trigger", "trigger shop.logged").is_object());
  EXPECT_TRUE(finding_of(assessed, "source.event", "event shop.sweep").is_object());
  wherry.start();
  settle(wherry, source, target, "shop");
  EXPECT_TRUE(finding_of(status(wherry), "objects.refused", "view shop.outside").is_object());
  source.exec_sql("CREATE OR REPLACE VIEW shop.outside AS SELECT id FROM shop.orders");
  settle(wherry, source, target, "shop");
  EXPECT_TRUE(finding_of(status(wherry), "objects.refused", "view shop.outside").is_null());
  EXPECT_EQ(objects_of(target, "shop"), objects_of(source, "shop"));
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
}

// RENAME TABLE does not say that it is about a view, and what was not made cannot tell either.
TEST_P(ObjectsTest, a_view_that_is_not_there_gets_another_name_and_is_a_finding_by_that) {
  const Server source = start();
  const Server target = start();
  source.exec_sql(
      "CREATE DATABASE shop; CREATE DATABASE other; CREATE TABLE other.t (id INT PRIMARY KEY); "
      "CREATE TABLE shop.orders (id INT PRIMARY KEY); "
      "CREATE VIEW shop.outside AS SELECT id FROM other.t; "
      "CREATE VIEW shop.removed AS SELECT id FROM shop.orders");
  Wherry wherry(source, target, {"shop.*"});
  wherry.start();
  settle(wherry, source, target, "shop");
  target.exec_sql("CREATE VIEW shop.taken AS SELECT 'mine' AS whose");
  source.exec_sql("CREATE VIEW shop.taken AS SELECT id FROM shop.orders");
  settle(wherry, source, target, "shop");
  EXPECT_TRUE(finding_of(status(wherry), "objects.refused", "view shop.outside").is_object());
  EXPECT_TRUE(finding_of(status(wherry), "target.object_exists", "view shop.taken").is_object());
  target.exec_sql("DROP VIEW shop.removed");

  source.exec_sql(
      "RENAME TABLE shop.outside TO shop.elsewhere; RENAME TABLE shop.taken TO shop.free; "
      "RENAME TABLE shop.removed TO shop.gone");
  settle(wherry, source, target, "shop");
  json seen = status(wherry);
  EXPECT_TRUE(finding_of(seen, "objects.refused", "view shop.outside").is_null()) << seen.dump(1);
  EXPECT_TRUE(finding_of(seen, "target.object_exists", "view shop.taken").is_null());
  for (const char* view : {"view shop.elsewhere", "view shop.free", "view shop.gone"}) {
    EXPECT_TRUE(finding_of(seen, "objects.absent", view).is_object()) << view << seen.dump(1);
  }
  EXPECT_EQ(cell(target, "SELECT whose FROM shop.taken"), "mine");

  source.exec_sql(
      "DROP VIEW shop.elsewhere; "
      "CREATE OR REPLACE VIEW shop.free AS SELECT id FROM shop.orders; "
      "CREATE OR REPLACE VIEW shop.gone AS SELECT id FROM shop.orders");
  settle(wherry, source, target, "shop");
  seen = status(wherry);
  for (const char* view : {"view shop.elsewhere", "view shop.free", "view shop.gone"}) {
    EXPECT_TRUE(finding_of(seen, "objects.absent", view).is_null()) << view << seen.dump(1);
  }
  target.exec_sql("DROP VIEW shop.taken");
  EXPECT_EQ(objects_of(target, "shop"), objects_of(source, "shop"));

  // A table that is not there any more is none of these.
  target.exec_sql("DROP TABLE shop.orders");
  source.exec_sql("RENAME TABLE shop.orders TO shop.renamed");
  EXPECT_NE(wherry.wait(60s), 0);
  EXPECT_NE(wherry.output().find("ddl.no_such_table"), std::string::npos) << wherry.output();
}

INSTANTIATE_TEST_SUITE_P(Servers, ObjectsTest,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql57), name_of_kind);

// MySQL 5.6 does not even show them.
TEST(Views, of_columns_that_are_gone_are_told_of_and_made_when_they_are_back) {
  if (!Server::available(ServerKind::mysql56)) GTEST_SKIP() << "MySQL 5.6 cannot be had here";
  const Server source = Server::start(ServerKind::mysql56);
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE shop; CREATE TABLE shop.a (id INT PRIMARY KEY); "
      "CREATE TABLE shop.b (id INT PRIMARY KEY, v INT); "
      "CREATE VIEW shop.v AS SELECT v FROM shop.b; ALTER TABLE shop.b DROP COLUMN v");
  Wherry wherry(source, target, {"shop.*"});
  EXPECT_TRUE(finding_of(ask(wherry, {"assess"}), "objects.invalid", "view shop.v").is_object());
  wherry.start();
  settle(wherry, source, target, "shop");
  EXPECT_TRUE(finding_of(status(wherry), "objects.invalid", "view shop.v").is_object());
  source.exec_sql(
      "ALTER TABLE shop.b ADD COLUMN v INT; "
      "CREATE OR REPLACE VIEW shop.v AS SELECT v FROM shop.b");
  settle(wherry, source, target, "shop");
  EXPECT_TRUE(finding_of(status(wherry), "objects.invalid", "view shop.v").is_null());
  EXPECT_EQ(target.query("SELECT COUNT(*) FROM shop.v").at(0).at(0), "0");
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
}

// Names as no one should choose them, of everything that has one.
TEST(Names, of_any_kind_arrive) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  const std::string longest(64, 'n');
  source.exec_sql(
      "SET NAMES utf8mb4; CREATE DATABASE `odd sch``ema.é'\"` CHARACTER SET latin1; "
      "USE `odd sch``ema.é'\"`; "
      "CREATE TABLE `select` (`from` INT PRIMARY KEY, `a.b` VARCHAR(9) COLLATE utf8mb4_bin, "
      "`日本 \"x\"` INT NOT NULL DEFAULT 5 COMMENT 'it''s; -- /* `no` */', "
      "KEY `in``dex` (`a.b`(3)), CONSTRAINT `che'ck` CHECK (`from` > -9)) "
      "COMMENT='a \\'table\\''; "
      "CREATE TABLE `t with \\\\ slash`` and 'quotes'` (`" +
      longest + "` INT PRIMARY KEY, `p` INT, UNIQUE KEY `" + longest +
      "` (`p`), CONSTRAINT `fk é.x` FOREIGN KEY (`p`) REFERENCES `select` (`from`)) "
      "ROW_FORMAT=COMPRESSED AUTO_INCREMENT=77; "
      "CREATE TABLE `" +
      longest +
      "` (`id` INT AUTO_INCREMENT PRIMARY KEY, `text` TEXT, "
      "`place` POINT NOT NULL, FULLTEXT KEY `words` (`text`), SPATIAL KEY `where` (`place`)) "
      "AUTO_INCREMENT=500; "
      "CREATE TABLE `parts` (`id` INT, `at` DATE NOT NULL, PRIMARY KEY (`id`,`at`)) "
      "PARTITION BY RANGE (YEAR(`at`)) SUBPARTITION BY HASH (`id`) SUBPARTITIONS 2 "
      "(PARTITION `p old` VALUES LESS THAN (2020), PARTITION p1 VALUES LESS THAN (2025), "
      "PARTITION `max` VALUES LESS THAN MAXVALUE); "
      "CREATE TABLE `listed` (`id` INT PRIMARY KEY) PARTITION BY LIST (`id`) "
      "(PARTITION a VALUES IN (1,2), PARTITION b VALUES IN (3)); "
      "INSERT INTO `select` VALUES (1,'é',2),(-3,NULL,4); "
      "INSERT INTO `t with \\\\ slash`` and 'quotes'` VALUES (1,1),(2,-3); "
      "INSERT INTO `" +
      longest +
      "` (`text`,`place`) VALUES ('some words', POINT(1,2)); "
      "INSERT INTO `parts` VALUES (1,'2019-01-01'),(2,'2022-01-01'),(3,'2030-01-01'); "
      "INSERT INTO `listed` VALUES (1),(3); "
      "CREATE VIEW `vi``ew.ü` AS SELECT `from` AS `a``s` FROM `select`; "
      "CREATE PROCEDURE `do 'it'.`(`in put` INT) SELECT `from` FROM `select`");
  Wherry wherry(source, target, {"odd*.*"});
  wherry.start();
  wait_until("it to follow", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["state"] == "following";
  });
  source.exec_sql(
      "SET NAMES utf8mb4; USE `odd sch``ema.é'\"`; "
      "ALTER TABLE `parts` DROP PARTITION `p old`; ALTER TABLE `parts` TRUNCATE PARTITION `max`; "
      "INSERT INTO `parts` VALUES (9,'2031-01-01'); "
      "ALTER TABLE `listed` ADD PARTITION (PARTITION `c d` VALUES IN (7)); "
      "INSERT INTO `listed` VALUES (7); "
      "SET sql_mode='ANSI_QUOTES'; "
      "ALTER /* a */ TABLE -- b\n \"select\" # c\n ADD COLUMN \"new ` one\" INT DEFAULT 3; "
      "SET sql_mode=''; "
      "CREATE OR REPLACE VIEW `vi``ew.ü` AS SELECT `日本 \"x\"` FROM `select`");
  ASSERT_TRUE(wherry.running()) << wherry.output();
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "odd sch`ema.é'\"", "--definitions"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  const std::string schema = "odd sch``ema.é'\"";
  for (const char* what : {"TABLE `%`.`select`", "TABLE `%`.`parts`", "TABLE `%`.`listed`",
                           "VIEW `%`.`vi``ew.ü`", "PROCEDURE `%`.`do 'it'.`", "DATABASE `%`"}) {
    std::string sql = std::string("SHOW CREATE ") + what;
    sql.replace(sql.find('%'), 1, schema);
    auto here = source.connect();
    auto there = target.connect();
    here.exec("SET NAMES utf8mb4");
    there.exec("SET NAMES utf8mb4");
    EXPECT_EQ(there.query(sql), here.query(sql)) << sql;
  }
}

}  // namespace
}  // namespace wherry::tests
