#include "stores/mysql/ddl_plan.h"

#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "stores/mysql/ddl_statement.h"

namespace wherry::stores::mysql {
namespace {

using contract::DdlPlan;
using model::CollectionName;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Everything in `shop` but tables named x…; it becomes `new`, and t becomes `t``2`.
bool filter(const CollectionName& n) { return n.schema == "shop" && !n.name.starts_with("x"); }
CollectionName route(const CollectionName& n) {
  return {"new", n.name == "t" ? std::string("t`2") : n.name};
}

DdlPlan plan(const std::string& sql, const std::string& mode = "", const std::string& charset = "",
             bool exists = false) {
  model::DdlEvent event;
  event.default_schema = "shop";
  event.statement = sql;
  event.sql_mode = mode;
  event.charset = charset;
  const DdlCircumstances now{[exists](const CollectionName&) { return exists; },
                             [](const std::string& schema) { return schema == "kept"; },
                             [] { return true; }};
  return plan_ddl(event, filter, route, now);
}

std::string statement(const std::string& sql, const std::string& mode = "") {
  const DdlPlan p = plan(sql, mode);
  return p.kind == DdlPlan::Kind::apply ? p.statement : "unrelated";
}

std::string refusal(const std::string& sql, const std::string& charset = "") {
  try {
    plan(sql, "", charset);
  } catch (const base::Error& e) {
    EXPECT_EQ(e.kind(), base::ErrorKind::not_supported);
    return e.code();
  }
  return "none";
}

std::vector<std::string> changes(const std::string& sql) {
  std::vector<std::string> out;
  for (const auto& c : plan(sql).tables) {
    out.push_back((c.before ? c.before->text() : "-") + ">" + (c.after ? c.after->text() : "-"));
  }
  return out;
}

TEST(DdlPlan, exchanges_names_and_nothing_else) {
  EXPECT_EQ(statement("CREATE TABLE t (a INT COMMENT 'in t', KEY t (a))"),
            "CREATE TABLE `new`.`t``2` (a INT COMMENT 'in t', KEY t (a))");
  EXPECT_EQ(statement("alter /* t */ table `shop`.`t` add column t int, rename column t to u"),
            "alter /* t */ table `new`.`t``2` add column t int, rename column t to u");
  EXPECT_EQ(statement("ALTER TABLE \"t\" ADD b INT DEFAULT 5", "ANSI_QUOTES"),
            "ALTER TABLE `new`.`t``2` ADD b INT DEFAULT 5");
  EXPECT_EQ(statement("CREATE UNIQUE INDEX t ON t (a) COMMENT 'x'"),
            "CREATE UNIQUE INDEX t ON `new`.`t``2` (a) COMMENT 'x'");
  EXPECT_EQ(statement("DROP INDEX t ON shop . t"), "DROP INDEX t ON `new`.`t``2`");
  EXPECT_EQ(statement("TRUNCATE t"), "TRUNCATE `new`.`t``2`");
  EXPECT_EQ(statement("CREATE TABLE t (a INT) /*!50100 PARTITION BY HASH(a) */"),
            "CREATE TABLE `new`.`t``2` (a INT)   PARTITION BY HASH(a)  ");
}

// Manual 8.0, 13.1.20.4 "CREATE TABLE ... SELECT Statement".
TEST(DdlPlan, a_table_that_mysql_8_made_from_a_query_is_made_and_its_rows_follow) {
  EXPECT_EQ(statement("CREATE TABLE `t` (`start` INT) ENGINE=InnoDB START TRANSACTION"),
            "CREATE TABLE `new`.`t``2` (`start` INT) ENGINE=InnoDB  ");
}

std::string with_json_as_text(const std::string& sql) {
  model::DdlEvent event;
  event.default_schema = "shop";
  event.statement = sql;
  event.json_is_text = true;
  const DdlCircumstances now{[](const CollectionName&) { return false; },
                             [](const std::string&) { return false; }, [] { return true; }};
  std::string out = plan_ddl(event, filter, route, now).statement;
  const std::string text = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
  for (auto at = out.find(text); at != std::string::npos; at = out.find(text)) {
    out.replace(at, text.size(), "TEXT");
  }
  return out;
}

TEST(DdlPlan, json_of_mariadb_stays_a_text_where_json_is_a_type) {
  const std::vector<std::pair<std::string, std::string>> carried{
      {"CREATE TABLE `new`.`a` (j JSON, `k` json NOT NULL)",
       "CREATE TABLE `new`.`a` (j TEXT, `k` TEXT NOT NULL)"},
      {"ALTER TABLE `new`.`a` ADD json JSON, MODIFY COLUMN json JSON AFTER json, ADD x INT",
       "ALTER TABLE `new`.`a` ADD json TEXT, MODIFY COLUMN json TEXT AFTER json, ADD x INT"},
      {"ALTER TABLE `new`.`a` ADD COLUMN IF NOT EXISTS (b INT, j JSON)",
       "ALTER TABLE `new`.`a` ADD COLUMN IF NOT EXISTS (b INT, j TEXT)"},
      {"ALTER TABLE `new`.`a` ADD IF NOT EXISTS j JSON, CHANGE COLUMN IF EXISTS json j2 JSON",
       "ALTER TABLE `new`.`a` ADD IF NOT EXISTS j TEXT, CHANGE COLUMN IF EXISTS json j2 TEXT"},
      {"ALTER TABLE `new`.`a` CHANGE json json JSON",
       "ALTER TABLE `new`.`a` CHANGE json json TEXT"},
  };
  for (const auto& [sql, expected] : carried) {
    std::string source = sql;
    source.replace(source.find("`new`"), 5, "shop");
    EXPECT_EQ(with_json_as_text(source), expected);
  }
  for (const char* sql :
       {"CREATE TABLE `new`.`a` (json INT, KEY json (json), b INT COMMENT 'j JSON')",
        "ALTER TABLE `new`.`a` ADD json INT, MODIFY json INT, CHANGE COLUMN a json INT",
        "ALTER TABLE `new`.`a` CHANGE json b INT, ADD INDEX json (a, json), DROP COLUMN json",
        "ALTER TABLE `new`.`a` ALTER COLUMN json SET DEFAULT 1, RENAME COLUMN b TO json"}) {
    std::string source = sql;
    source.replace(source.find("`new`"), 5, "shop");
    EXPECT_EQ(with_json_as_text(source), sql);
  }
  EXPECT_EQ(statement("ALTER TABLE a ADD j JSON"), "ALTER TABLE `new`.`a` ADD j JSON");
}

TEST(DdlPlan, exchanges_the_parents_of_foreign_keys) {
  EXPECT_EQ(statement("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (a) ON DELETE RESTRICT"),
            "ALTER TABLE `new`.`t``2` ADD FOREIGN KEY (a) REFERENCES `new`.`p` (a) ON DELETE "
            "RESTRICT");
  EXPECT_EQ(refusal("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES hr.p (a)"),
            "ddl.foreign_key_outside");
  EXPECT_EQ(statement("CREATE TABLE t (a INT REFERENCES p (a) ON UPDATE CASCADE)"),
            "CREATE TABLE `new`.`t``2` (a INT REFERENCES `new`.`p` (a) ON UPDATE CASCADE)");
  EXPECT_EQ(refusal("CREATE TABLE t (a INT, b TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)"), "none");
}

TEST(DdlPlan, tells_which_tables_come_go_and_change) {
  EXPECT_THAT(changes("CREATE TABLE a (id INT)"), ElementsAre("->shop.a"));
  EXPECT_THAT(changes("DROP TABLE IF EXISTS a, xtra, shop.b /* generated by server */"),
              ElementsAre("shop.a>-", "shop.b>-"));
  EXPECT_THAT(changes("RENAME TABLE a TO b, c TO a"),
              ElementsAre("shop.a>shop.b", "shop.c>shop.a"));
  EXPECT_THAT(changes("ALTER TABLE a DROP b, RENAME TO c"), ElementsAre("shop.a>shop.c"));
  EXPECT_THAT(changes("ALTER TABLE a ENGINE=InnoDB"), ElementsAre("shop.a>shop.a"));
  EXPECT_THAT(changes("CREATE DATABASE shop"), IsEmpty());
  EXPECT_EQ(statement("DROP TABLE IF EXISTS a, xtra, shop.t"),
            "DROP TABLE IF EXISTS `new`.`a`,`new`.`t``2`");
  EXPECT_EQ(statement("RENAME TABLE t TO b"), "RENAME TABLE `new`.`t``2` TO `new`.`b`");
}

TEST(DdlPlan, tells_the_parents_whose_changes_go_on_to_the_table) {
  const auto parents = [](const std::string& sql) { return plan(sql).cascades_from; };
  const CollectionName p{"shop", "p"};
  EXPECT_THAT(parents("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE"),
              ElementsAre(p));
  EXPECT_THAT(parents("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id) on update set null"),
              ElementsAre(p));
  EXPECT_THAT(parents("CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES shop.p (id) ON DELETE "
                      "RESTRICT ON UPDATE CASCADE)"),
              ElementsAre(p));
  EXPECT_THAT(parents("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES p (id) ON DELETE NO ACTION"),
              IsEmpty());
  EXPECT_THAT(parents("ALTER TABLE t ADD at TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, ADD FOREIGN KEY "
                      "(a) REFERENCES p (id)"),
              IsEmpty());
}

TEST(DdlPlan, tables_that_exchange_rows_are_copied_again_and_nothing_is_done_to_them) {
  EXPECT_THAT(changes("ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b WITHOUT VALIDATION"),
              ElementsAre("shop.a>shop.a", "shop.b>shop.b"));
  EXPECT_THAT(changes("ALTER TABLE a EXCHANGE PARTITION p WITH TABLE xtra"),
              ElementsAre("shop.a>shop.a"));
  EXPECT_THAT(changes("ALTER TABLE hr.a EXCHANGE PARTITION p WITH TABLE shop.t"),
              ElementsAre("shop.t>shop.t"));
  EXPECT_EQ(statement("ALTER TABLE hr.a EXCHANGE PARTITION p WITH TABLE shop.t"),
            "TRUNCATE TABLE `new`.`t``2`");
  EXPECT_TRUE(plan("ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b").copied_again_because);
  EXPECT_EQ(statement("ALTER TABLE hr.a EXCHANGE PARTITION p WITH TABLE hr.b"), "unrelated");
  EXPECT_EQ(refusal("ALTER TABLE a EXCHANGE PARTITION p WITH b"), "ddl.unclassified");
  EXPECT_FALSE(plan("ALTER TABLE a REBUILD PARTITION p").copied_again_because);
}

TEST(DdlPlan, rows_that_are_imported_as_a_file_are_copied_again) {
  for (const char* sql :
       {"ALTER TABLE t IMPORT TABLESPACE", "ALTER TABLE t IMPORT PARTITION a, b TABLESPACE"}) {
    EXPECT_EQ(statement(sql), "TRUNCATE TABLE `new`.`t``2`") << sql;
    EXPECT_TRUE(plan(sql).copied_again_because) << sql;
    EXPECT_THAT(changes(sql), ElementsAre("shop.t>shop.t")) << sql;
  }
  EXPECT_EQ(statement("ALTER TABLE t DISCARD TABLESPACE"), "unrelated");
  EXPECT_EQ(statement("ALTER TABLE t DISCARD PARTITION ALL TABLESPACE"), "unrelated");
  EXPECT_EQ(statement("ALTER TABLE xtra IMPORT TABLESPACE"), "unrelated");
  EXPECT_EQ(refusal("ALTER TABLE t CONVERT PARTITION p TO TABLE u"), "ddl.convert_partition");
  EXPECT_EQ(refusal("ALTER TABLE t CONVERT TABLE u TO PARTITION p VALUES LESS THAN (9)"),
            "ddl.convert_partition");
}

TEST(DdlPlan, leaves_alone_what_is_not_chosen_or_not_a_table) {
  for (const char* sql :
       {"CREATE TABLE xtra (a INT) SELECT 1",
        "DROP TABLE other.t",
        "ALTER TABLE hr.t ADD b INT",
        "CREATE TEMPORARY TABLE t (a INT)",
        "DROP TEMPORARY TABLE IF EXISTS t",
        "CREATE ALGORITHM=MERGE DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW t AS SELECT 1",
        "CREATE DEFINER=`root`@`localhost` TRIGGER t BEFORE INSERT ON t FOR EACH ROW SET @a=1",
        "CREATE OR REPLACE PROCEDURE t() BEGIN DROP TABLE t; END",
        "DROP VIEW t",
        "GRANT ALL ON *.* TO a",
        "CREATE USER t",
        "ALTER USER t PASSWORD EXPIRE",
        "OPTIMIZE TABLE t",
        "ANALYZE TABLE t",
        "FLUSH TABLES",
        "DROP EVENT t",
        "CREATE SEQUENCE t",
        "RENAME USER a TO b",
        "RENAME TABLE xa TO xb",
        "CREATE DATABASE hr",
        "DROP DATABASE hr",
        "CREATE TABLE mysql.t (a INT)"}) {
    EXPECT_EQ(statement(sql), "unrelated") << sql;
  }
}

TEST(DdlPlan, refuses_what_it_cannot_carry_by_name) {
  EXPECT_EQ(refusal("CREATE TABLE t AS SELECT * FROM a"), "ddl.create_select");
  EXPECT_EQ(refusal("CREATE TABLE t (a INT) ENGINE=InnoDB SELECT 1 AS a"), "ddl.create_select");
  EXPECT_EQ(refusal("CREATE TABLE t SELECT 1"), "ddl.create_select");
  EXPECT_EQ(refusal("CREATE TABLE t LIKE xtra"), "ddl.create_like");
  EXPECT_EQ(refusal("CREATE TABLE t LIKE a"), "none");
  EXPECT_EQ(refusal("ALTER TABLE t ENGINE=MyISAM"), "ddl.engine");
  EXPECT_EQ(refusal("ALTER IGNORE TABLE t ADD UNIQUE (a)"), "ddl.alter_ignore");
  EXPECT_EQ(refusal("RENAME TABLE t TO xtra"), "ddl.renamed_away");
  EXPECT_EQ(refusal("RENAME TABLE xtra TO t"), "ddl.renamed_in");
  EXPECT_EQ(refusal("ALTER TABLE xtra RENAME t"), "ddl.renamed_in");
  EXPECT_EQ(refusal("ALTER TABLE t RENAME AS hr.t"), "ddl.renamed_away");
  EXPECT_EQ(refusal("DROP DATABASE shop"), "ddl.drop_database");
  EXPECT_EQ(refusal("DROP SCHEMA IF EXISTS kept"), "ddl.drop_database");
  EXPECT_EQ(refusal("ALTER TABLE t ADD (b INT"), "ddl.unclassified");
  EXPECT_EQ(refusal("FROBNICATE TABLE t"), "ddl.unclassified");
  EXPECT_EQ(refusal("ALTER TABLESPACE t DROP DATAFILE 'x'"), "ddl.unclassified");
  EXPECT_EQ(refusal("DROP TABLE t; DROP TABLE a"), "ddl.unclassified");
  EXPECT_EQ(refusal("ALTER TABLE t COMMENT 'abc"), "ddl.unreadable");
}

TEST(DdlPlan, reads_names_only_in_character_sets_that_it_can) {
  EXPECT_EQ(refusal("ALTER TABLE t COMMENT '\xe9'", "latin1"), "none");
  EXPECT_EQ(refusal("ALTER TABLE `t\xe9` COMMENT 'x'", "latin1"), "ddl.charset");
  EXPECT_EQ(refusal("ALTER TABLE `t\xc3\xa9` COMMENT 'x'", "utf8mb4"), "none");
  EXPECT_EQ(refusal("ALTER TABLE t COMMENT '\x81\x5c'", "gbk"), "ddl.charset");
  EXPECT_EQ(refusal("ALTER TABLE t COMMENT 'x'", "gbk"), "none");
}

TEST(DdlPlan, knows_that_if_not_exists_may_do_nothing) {
  EXPECT_EQ(plan("CREATE TABLE IF NOT EXISTS t (a INT)", "", "", true).kind,
            DdlPlan::Kind::unrelated);
  EXPECT_EQ(plan("CREATE TABLE IF NOT EXISTS t (a INT)", "", "", false).statement,
            "CREATE TABLE IF NOT EXISTS `new`.`t``2` (a INT)");
  EXPECT_EQ(plan("CREATE TABLE t (a INT)", "", "", true).kind, DdlPlan::Kind::apply);
}

TEST(DdlStatement, tells_what_only_moves_a_counter) {
  const auto counts_only = [](const char* sql) { return read_ddl(sql, {}, "shop").counts_only; };
  EXPECT_TRUE(counts_only("ALTER TABLE `shop`.`t` AUTO_INCREMENT=100"));
  EXPECT_TRUE(counts_only("alter table t auto_increment 100;"));
  for (const char* sql :
       {"ALTER TABLE t AUTO_INCREMENT=100, ADD a INT", "ALTER TABLE t ADD a INT, AUTO_INCREMENT=1",
        "ALTER TABLE t COMMENT='AUTO_INCREMENT=1'",
        "ALTER TABLE t AUTO_INCREMENT=100 ENGINE=InnoDB", "ALTER TABLE t",
        "CREATE TABLE t (a INT) AUTO_INCREMENT=1", "ALTER TABLE t AUTO_INCREMENT"}) {
    EXPECT_FALSE(counts_only(sql)) << sql;
  }
}

TEST(DdlPlan, carries_schemas_that_are_chosen) {
  EXPECT_EQ(statement("CREATE DATABASE shop CHARACTER SET latin1"),
            "CREATE DATABASE IF NOT EXISTS `new` CHARACTER SET latin1");
  EXPECT_EQ(statement("CREATE SCHEMA IF NOT EXISTS shop"), "CREATE SCHEMA IF NOT EXISTS `new`");
  EXPECT_EQ(statement("ALTER DATABASE CHARACTER SET utf8mb4"),
            "ALTER DATABASE `new` CHARACTER SET utf8mb4");
  EXPECT_EQ(statement("ALTER DATABASE shop COLLATE utf8mb4_bin"),
            "ALTER DATABASE `new` COLLATE utf8mb4_bin");
}

}  // namespace
}  // namespace wherry::stores::mysql
