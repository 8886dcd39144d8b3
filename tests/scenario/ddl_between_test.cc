// Changes of definition between two kinds of server: a statement is to mean on the target what it
// meant on the source, whatever the target's own words and defaults are.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

class DdlBetween : public OfWay {
 protected:
  static Server start(ServerKind kind, const std::string& charset) {
    ServerOptions options;
    options.extra = {"--character-set-server=" + charset};
    return Server::start(kind, options);
  }
};

// In the order of the log, while it is followed.
constexpr const char* documents_and_defaults = R"(
SET NAMES utf8mb4;
ALTER TABLE d.t ADD COLUMN j JSON;
UPDATE d.t SET j = '{"a": [1, 2.5, "é"]}' WHERE id = 1;
ALTER TABLE d.t MODIFY j JSON NULL COMMENT 'json', ADD COLUMN `json` INT DEFAULT 7 AFTER id;
CREATE TABLE d.papers (id INT PRIMARY KEY, body JSON NOT NULL, note VARCHAR(20));
INSERT INTO d.papers VALUES (1, '[]', 'é'), (2, '{"k": null}', NULL);
UPDATE d.papers SET body = '"x"' WHERE id = 2;
CREATE DATABASE d2;
CREATE TABLE d2.words (id INT PRIMARY KEY, w VARCHAR(20), t TEXT);
INSERT INTO d2.words VALUES (1, 'é', 'ü'), (2, 'E', 'u');
CREATE DATABASE d3 CHARACTER SET utf8mb4;
CREATE TABLE d3.words LIKE d2.words;
CREATE TABLE d3.more (id INT PRIMARY KEY, w VARCHAR(20));
INSERT INTO d3.more VALUES (1, 'é');
DELETE FROM d2.words WHERE id = 2
)";

std::string collations(const Server& server) {
  std::string out;
  for (const auto& row : server.query(
           "SELECT CONCAT_WS(' ', TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, COLLATION_NAME) FROM "
           "information_schema.COLUMNS WHERE TABLE_SCHEMA LIKE 'd_' AND COLLATION_NAME IS NOT NULL "
           "UNION ALL SELECT CONCAT_WS(' ', SCHEMA_NAME, DEFAULT_COLLATION_NAME) FROM "
           "information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'd_' ORDER BY 1")) {
    std::string line = row.at(0).value_or("");
    // One character set has two names.
    if (const auto at = line.find("utf8mb3_"); at != std::string::npos) line.erase(at + 4, 3);
    out += line + "\n";
  }
  return out;
}

TEST_P(DdlBetween, documents_and_defaults_mean_what_they_meant) {
  const Server source = start(GetParam().from, "latin1");
  const Server target = start(GetParam().to, "utf8mb4");
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4; CREATE TABLE d.t (id INT PRIMARY KEY, v INT);"
      "INSERT INTO d.t VALUES (1, 1), (2, 2)");
  Wherry wherry(source, target, {"d.*", "d2.*", "d3.*"}, "ddl: {default: apply}\n");
  run_until_proved(wherry);
  wherry.start();
  source.exec_sql(documents_and_defaults);
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "d", "--database", "d2", "--database", "d3"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  EXPECT_EQ(collations(target), collations(source)) << wherry.output();
}

// What a server makes of bytes that are no text, and of much else, is its own affair.
TEST_P(DdlBetween, values_that_are_converted_become_what_they_became_on_the_source) {
  const Server source = start(GetParam().from, "utf8mb4");
  const Server target = start(GetParam().to, "utf8mb4");
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4; SET sql_mode='';"
      "CREATE TABLE d.t (id INT PRIMARY KEY, b BIT(64), f FLOAT, s VARCHAR(40), n INT NULL, o "
      "BIT(64));"
      "INSERT INTO d.t VALUES (1, 0xFF00000000000000, 1e10, 'abc', NULL, 0xFFFE000000000000),"
      " (2, 0x41, 0.1, '\u00e9', 3, 0x42)");
  Wherry wherry(source, target, {"d.*"}, "ddl: {default: apply}\n");
  run_until_proved(wherry);
  wherry.start();
  source.exec_sql(
      "SET sql_mode='';"
      "ALTER TABLE d.t MODIFY b LONGTEXT; ALTER TABLE d.t MODIFY f VARCHAR(30);"
      "ALTER TABLE d.t CHANGE o p LONGTEXT, MODIFY n INT NOT NULL;"
      "INSERT INTO d.t VALUES (3, 'x', 'y', 'z', 4, 'w')");
  // Each of them has the table copied again.
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison = compare_servers(source, target, {"--database", "d"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

// Of those named table by table the log's statements about the schema itself are not carried.
constexpr const char* first_tables = R"(
SET NAMES utf8mb4;
CREATE TABLE d4.words (id INT PRIMARY KEY, w VARCHAR(20), t TEXT);
INSERT INTO d4.words VALUES (1, 'é', 'ü');
ALTER DATABASE d4 CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE d4.more (id INT PRIMARY KEY, w VARCHAR(20));
INSERT INTO d4.more VALUES (1, 'é');
ALTER DATABASE d5 CHARACTER SET latin2;
CREATE TABLE d6.words (id INT PRIMARY KEY, w VARCHAR(20));
INSERT INTO d6.words VALUES (1, 'é');
CREATE TABLE d9.words (id INT PRIMARY KEY, w VARCHAR(20));
INSERT INTO d9.words VALUES (1, 'é');
CREATE DATABASE d7 CHARACTER SET latin1 COLLATE latin1_bin;
CREATE TABLE d7.words LIKE d6.words;
CREATE TABLE d7.more (w VARCHAR(20) PRIMARY KEY);
INSERT INTO d7.more VALUES ('é'), ('É');
RENAME TABLE d.t TO d8.t;
ALTER TABLE d8.t ADD COLUMN w VARCHAR(20) DEFAULT 'é'
)";

TEST_P(DdlBetween, schemas_that_get_their_first_table_have_the_sources_default) {
  const Server source = start(GetParam().from, "latin1");
  const Server target = start(GetParam().to, "utf8mb4");
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4; CREATE TABLE d.t (id INT PRIMARY KEY, v INT);"
      "INSERT INTO d.t VALUES (1, 1); CREATE DATABASE d4 CHARACTER SET latin1 COLLATE latin1_bin;"
      "CREATE DATABASE d5; CREATE DATABASE d6 CHARACTER SET latin1 COLLATE latin1_german1_ci;"
      "CREATE DATABASE d8 CHARACTER SET latin1; CREATE DATABASE d9 CHARACTER SET utf8");
  Wherry wherry(source, target,
                {"d.*", "d4.*", "d5.*", "d6.words", "d7.words", "d7.more", "d8.t", "d9.*"},
                "ddl: {default: apply}\n");
  run_until_proved(wherry);
  wherry.start();
  source.exec_sql(first_tables);
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison =
      compare_servers(source, target,
                      {"--database", "d4", "--database", "d6", "--database", "d7", "--database",
                       "d8", "--database", "d9"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  EXPECT_EQ(collations(target), collations(source)) << wherry.output();
}

// What the findings of this code in a document are about.
std::set<std::string> subjects(const nlohmann::json& document, const std::string& code) {
  std::set<std::string> out;
  if (!document.is_object()) return out;
  for (const auto& finding : document["findings"]) {
    if (finding["code"] == code) out.insert(finding["subject"].get<std::string>());
  }
  return out;
}

std::set<std::string> told(const Wherry& wherry, const std::string& code) {
  return subjects(status(wherry), code);
}

// What it is when it is as expected, or has not become so in time.
std::set<std::string> told_at_last(Wherry& wherry, const std::string& code,
                                   const std::set<std::string>& expected) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  std::set<std::string> seen = told(wherry, code);
  while (seen != expected && wherry.running() && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(20ms);
    seen = told(wherry, code);
  }
  return seen;
}

// Also where it says that the migration must not begin.
std::set<std::string> told_by_assess(const Wherry& wherry, const std::string& code) {
  return subjects(nlohmann::json::parse(answer(wherry, {"assess", "--json"}).output), code);
}

TEST(SchemaDefaults, that_the_target_does_not_know_are_named_and_may_be_chosen_there) {
  if (!Server::available(ServerKind::mysql57)) GTEST_SKIP() << "no MySQL 5.7 here";
  const Server source = Server::start(ServerKind::mariadb);
  const Server target = Server::start(ServerKind::mysql57);
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4 COLLATE utf8mb4_uca1400_ai_ci; CREATE TABLE d.t (id "
      "INT PRIMARY KEY, w VARCHAR(20)) COLLATE utf8mb4_bin; INSERT INTO d.t VALUES (1, 'é')");
  Wherry wherry(source, target, {"d.*"}, "ddl: {default: apply}\n");
  EXPECT_NE(ask(wherry, {"assess"}, 3).dump().find("target.collation_missing"), std::string::npos);
  EXPECT_EQ(ask(wherry, {"run"}, 3)["code"], "assess.blocked");
  target.exec_sql("CREATE DATABASE d CHARACTER SET utf8mb4");
  const std::string told = ask(wherry, {"assess"}).dump();
  EXPECT_NE(told.find("target.schema_default"), std::string::npos) << told;
  EXPECT_EQ(told.find("ALTER DATABASE `d`"), std::string::npos) << told;
  run_until_proved(wherry);
  EXPECT_TRUE(compare_servers(source, target, {"--database", "d"}).equal());
}

TEST(TableDefaults, that_the_target_does_not_know_are_named_and_may_be_changed) {
  if (!Server::available(ServerKind::mysql57)) GTEST_SKIP() << "no MySQL 5.7 here";
  const Server source = Server::start(ServerKind::mariadb);
  const Server target = Server::start(ServerKind::mysql57);
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
      "CREATE TABLE d.t (id INT PRIMARY KEY, w VARCHAR(20) COLLATE utf8mb4_bin) COLLATE "
      "utf8mb4_uca1400_ai_ci; INSERT INTO d.t VALUES (1, 'é');"
      "CREATE TABLE d.u LIKE d.t; INSERT INTO d.u VALUES (2, 'ü');"
      "CREATE TABLE d.known (id INT PRIMARY KEY) COLLATE utf8mb4_bin");
  Wherry wherry(source, target, {"d.*"}, "ddl: {default: apply}\n");
  const std::set<std::string> both{"d.t", "d.u"};
  EXPECT_EQ(told_by_assess(wherry, "target.collation_missing"), both);
  EXPECT_EQ(ask(wherry, {"run"}, 3)["code"], "assess.blocked");
  source.exec_sql("ALTER TABLE d.t DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
  target.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
      "CREATE TABLE d.u (id INT PRIMARY KEY, w VARCHAR(20) COLLATE utf8mb4_bin) CHARSET utf8mb4");
  EXPECT_TRUE(told_by_assess(wherry, "target.collation_missing").empty());
  run_until_proved(wherry);
  EXPECT_TRUE(compare_servers(source, target, {"--database", "d"}).equal());

  const Server alike = Server::start(ServerKind::mariadb);
  const Wherry between(source, alike, {"d.*"});
  EXPECT_TRUE(told_by_assess(between, "target.collation_missing").empty());
}

// Views bear names like tables, and RENAME TABLE does not say which it means.
TEST_P(DdlBetween, views_are_renamed_rows_exchanged_and_accounts_told_of) {
  const Server source = start(GetParam().from, "utf8mb4");
  const Server target = start(GetParam().to, "utf8mb4");
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4; CREATE TABLE d.t (id INT PRIMARY KEY, v INT);"
      "INSERT INTO d.t VALUES (1, 1), (2, 2), (15, 3);"
      "CREATE TABLE d.p (id INT PRIMARY KEY, v INT) PARTITION BY RANGE (id) (PARTITION a VALUES "
      "LESS THAN (100), PARTITION b VALUES LESS THAN (200));"
      "INSERT INTO d.p VALUES (3, 3), (4, 4), (150, 5); CREATE TABLE d.rest LIKE d.t;"
      "CREATE VIEW d.v AS SELECT id FROM d.t; CREATE VIEW d.away AS SELECT 1 AS one;"
      "CREATE USER v IDENTIFIED BY 'x'");
  Wherry wherry(source, target, {"d.*"}, "ddl: {default: apply}\n");
  run_until_proved(wherry);
  wherry.start();
  source.exec_sql(
      "RENAME TABLE d.v TO d.w, d.away TO d.near; CREATE VIEW d.v AS SELECT v FROM d.t;"
      "UPDATE d.t SET v = 9 WHERE id = 2;"
      "ALTER TABLE d.p EXCHANGE PARTITION a WITH TABLE d.t; INSERT INTO d.p VALUES (16, 16);"
      "UPDATE d.t SET v = 7 WHERE id = 4; DELETE FROM d.p WHERE id = 2;"
      "GRANT SELECT ON d.* TO v; REVOKE SELECT ON d.* FROM v;"
      "SET PASSWORD FOR v = PASSWORD('never-told'); DROP USER v; CREATE USER v IDENTIFIED BY "
      "'never-told'; CREATE USER w IDENTIFIED BY 'never-told'");
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison = compare_servers(source, target, {"--database", "d"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  const auto views = [](const Server& server) {
    std::string out;
    for (const auto& row : server.query("SELECT TABLE_NAME FROM information_schema.VIEWS WHERE "
                                        "TABLE_SCHEMA='d' ORDER BY 1")) {
      out += row.at(0).value_or("") + " ";
    }
    return out;
  };
  EXPECT_EQ(views(source), "near v w ");
  EXPECT_EQ(views(target), "near v w ") << wherry.output();
  EXPECT_EQ(target.query("SELECT id FROM d.w"), source.query("SELECT id FROM d.w"));
  // Once for each kind, and without what is secret.
  const auto seen = status(wherry);
  std::string told;
  for (const auto& finding : seen["findings"]) {
    if (finding["code"] == "source.accounts") told += finding["subject"].get<std::string>() + " ";
  }
  EXPECT_NE(told.find("GRANT "), std::string::npos) << told;
  EXPECT_NE(told.find("REVOKE "), std::string::npos) << told;
  EXPECT_NE(told.find("DROP USER "), std::string::npos) << told;
  EXPECT_EQ(told.find("CREATE USER "), told.rfind("CREATE USER ")) << told;
  EXPECT_NE(told.find("CREATE USER "), std::string::npos) << told;
  const std::string all = wherry.output() + seen.dump() + ask(wherry, {"history"}).dump() +
                          ask(wherry, {"report"}).dump();
  EXPECT_EQ(all.find("never-told"), std::string::npos) << all;
}

TEST_P(DdlBetween, views_that_exchange_their_names_are_told_of_until_they_are_made_again) {
  const Server source = start(GetParam().from, "utf8mb4");
  const Server target = start(GetParam().to, "utf8mb4");
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4; CREATE TABLE d.t (id INT PRIMARY KEY, v INT);"
      "INSERT INTO d.t VALUES (1, 10); CREATE VIEW d.v AS SELECT id AS n FROM d.t;"
      "CREATE VIEW d.w AS SELECT v AS n FROM d.t; CREATE VIEW d.still AS SELECT 1 AS one");
  Wherry wherry(source, target, {"d.*"}, "ddl: {default: apply}\n");
  run_until_proved(wherry);
  wherry.start();
  source.exec_sql(
      "RENAME TABLE d.v TO d.swap, d.w TO d.v, d.swap TO d.w; UPDATE d.t SET v = 11 WHERE id = 1");
  const std::set<std::string> none;
  const std::set<std::string> both{"view d.v", "view d.w"};
  ASSERT_EQ(told_at_last(wherry, "objects.exchanged", both), both) << wherry.output();
  const auto views = [&] {
    return target.query(
        "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA='d' ORDER BY 1");
  };
  ASSERT_EQ(views().size(), 1U) << "a view under the name of another is worse than none";
  source.exec_sql(
      "CREATE OR REPLACE VIEW d.v AS SELECT v AS n FROM d.t;"
      "CREATE OR REPLACE VIEW d.w AS SELECT id AS n FROM d.t");
  ASSERT_EQ(told_at_last(wherry, "objects.exchanged", {}), none) << wherry.output();
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  EXPECT_EQ(views().size(), 3U);
  run_until_proved(wherry);
  for (const char* view : {"SELECT n FROM d.v", "SELECT n FROM d.w"}) {
    EXPECT_EQ(target.query(view), source.query(view)) << view;
  }
}

// Rows that come as a file are in no log.
TEST_P(DdlBetween, rows_that_are_imported_as_a_file_are_copied_again) {
  const Server source = start(GetParam().from, "utf8mb4");
  const Server target = start(GetParam().to, "utf8mb4");
  source.exec_sql(
      "CREATE DATABASE d CHARACTER SET utf8mb4; CREATE TABLE d.t (id INT PRIMARY KEY, v INT);"
      "INSERT INTO d.t VALUES (1, 10), (2, 20); CREATE TABLE d.other LIKE d.t;"
      "INSERT INTO d.other VALUES (2, 21), (3, 31)");
  Wherry wherry(source, target, {"d.*"}, "ddl: {default: apply}\n");
  run_until_proved(wherry);
  const std::filesystem::path files = source.query("SELECT @@datadir").at(0).at(0).value() + "/d";
  auto connection = source.connect();
  connection.exec("ALTER TABLE d.t DISCARD TABLESPACE");
  connection.exec("FLUSH TABLES d.other FOR EXPORT");
  for (const char* kind : {".ibd", ".cfg"}) {
    const auto file = files / ("t" + std::string(kind));
    std::filesystem::copy_file(files / ("other" + std::string(kind)), file);
    std::filesystem::permissions(file, std::filesystem::perms::all);
  }
  connection.exec("UNLOCK TABLES");
  connection.exec("ALTER TABLE d.t IMPORT TABLESPACE");
  connection.exec("INSERT INTO d.t VALUES (4, 40)");
  run_until_proved(wherry);
  const Comparison comparison = compare_servers(source, target, {"--database", "d"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  EXPECT_EQ(target.query("SELECT SUM(v) FROM d.t").at(0).at(0), "92");
}

// They are no part of what planning makes.
TEST_P(DdlBetween, accounts_that_change_all_the_time_do_not_keep_planning_from_its_end) {
  const Server source = start(GetParam().from, "utf8mb4");
  const Server target = start(GetParam().to, "utf8mb4");
  source.exec_sql("CREATE DATABASE d CHARACTER SET utf8mb4; CREATE USER v IDENTIFIED BY 'x'");
  for (int i = 0; i < 20; ++i) {
    source.exec_sql("CREATE TABLE d.t" + std::to_string(i) + " (id INT PRIMARY KEY)");
  }
  Wherry wherry(source, target, {"d.*"});
  {
    const std::jthread changing([&](const std::stop_token& stop) {
      auto connection = source.connect();
      while (!stop.stop_requested()) {
        connection.exec("GRANT SELECT ON d.* TO v");
        connection.exec("REVOKE SELECT ON d.* FROM v");
      }
    });
    wherry.start();
    wait_until("planning to end", 60s, [&] {
      if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
      const auto seen = status(wherry);
      return seen.is_object() && seen["state"] == "following";
    });
  }
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  const auto history = ask(wherry, {"history"});
  const auto planned = std::count_if(history["events"].begin(), history["events"].end(),
                                     [](const auto& event) { return event["kind"] == "planning"; });
  EXPECT_EQ(planned, 1) << history.dump(1);
  EXPECT_TRUE(told(wherry, "source.accounts").contains("GRANT"));
}

INSTANTIATE_TEST_SUITE_P(Between, DdlBetween,
                         testing::Values(Way{ServerKind::mariadb, ServerKind::mysql57},
                                         Way{ServerKind::mysql57, ServerKind::mariadb},
                                         Way{ServerKind::mariadb, ServerKind::mariadb}),
                         name_of_way);

}  // namespace
}  // namespace wherry::tests
