// Indexes, columns, constraints and partitions of every kind that both servers have: the
// definitions are the same afterwards, and so are the rows, copied and followed. What a target does
// not have is refused with the table's name, before anything is written.

#include <algorithm>
#include <cctype>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using enum ServerKind;

struct Kind {
  const char* table;
  const char* definition;
  const char* rows;  // of copying; `{}` is 1, and 2 for those that are followed
  bool mariadb_only = false;
  bool mysql56_has_it = true;
  const char* refused_as = "target.table_refused";  // by a server that does not have it
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"indexes",
       "(id INT PRIMARY KEY, a VARCHAR(60), b INT, c TEXT, KEY pre (a(7)), UNIQUE KEY two (b, "
       "a(9)), KEY down (b DESC, id), KEY `odd ``name` (a) COMMENT 'it''s', FULLTEXT KEY words "
       "(c), FULLTEXT KEY more (a, c))",
       "({}1, 'abcdefghij', {}, 'one word'), ({}2, 'ABCDEFGHIJ', {}2, NULL)"},
      {"shapes", "(id INT PRIMARY KEY, p POINT NOT NULL, SPATIAL KEY place (p))",
       "({}1, POINT({}, 2)), ({}2, POINT(-1.5, {}))", false, false},
      {"computed",
       "(id INT PRIMARY KEY, a INT, v INT GENERATED ALWAYS AS (a * 2) VIRTUAL, s VARCHAR(40) "
       "GENERATED ALWAYS AS (CONCAT('x', a)) STORED, KEY by_v (v), UNIQUE KEY by_s (s, id))",
       "({}1, {}, DEFAULT, DEFAULT), ({}2, NULL, DEFAULT, DEFAULT)", false, false},
      {"moments",
       "(id INT PRIMARY KEY, d DATETIME(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE "
       "CURRENT_TIMESTAMP(3), t TIMESTAMP NOT NULL DEFAULT '2001-02-03 04:05:06', n INT DEFAULT "
       "-5, "
       "s VARCHAR(9) NOT NULL DEFAULT 'it''s', b BIT(4) DEFAULT b'101')",
       "({}1, DEFAULT, DEFAULT, DEFAULT, DEFAULT, DEFAULT)"},
      {"by_range",
       "(id INT, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE COLUMNS (at) (PARTITION old "
       "VALUES LESS THAN ('2020-01-01'), PARTITION rest VALUES LESS THAN (MAXVALUE))",
       "({}, '2019-01-01'), ({}, '2021-01-01')"},
      {"by_list",
       "(id INT PRIMARY KEY) PARTITION BY LIST (id) (PARTITION odd VALUES IN (1, 3, NULL), "
       "PARTITION even VALUES IN (2, 4))",
       "({})"},
      {"by_parts",
       "(id INT PRIMARY KEY) PARTITION BY RANGE (id) SUBPARTITION BY HASH (id) SUBPARTITIONS 2 "
       "(PARTITION a VALUES LESS THAN (2), PARTITION b VALUES LESS THAN MAXVALUE)",
       "({})"},
      {"checked", "(id INT PRIMARY KEY, n INT CHECK (n > 0), CONSTRAINT pair CHECK (n < id * 10))",
       "({}1, {})", true},
      {"hidden",
       "(id INT PRIMARY KEY, a INT INVISIBLE DEFAULT 3, b INT, KEY aside (b) IGNORED, KEY used "
       "(b))",
       "({}1, {})", true},
      {"thought_up",
       "(id INT PRIMARY KEY, u CHAR(36) DEFAULT (UUID()), r DOUBLE DEFAULT (RAND() + 1), c INT "
       "DEFAULT (id + 1))",
       "({}1, DEFAULT, DEFAULT, DEFAULT)", true},
      {"hashed", "(id INT PRIMARY KEY, t TEXT, UNIQUE KEY whole (t))", "({}1, 'x{}')", true, true,
       "target.unique_hash"}};
  return all;
}

bool has(ServerKind server, const Kind& kind) {
  if (server == mariadb) return true;
  return !kind.mariadb_only && (server == mysql57 || kind.mysql56_has_it);
}

std::string with_number(std::string text, int number) {
  for (auto at = text.find("{}"); at != std::string::npos; at = text.find("{}")) {
    text.replace(at, 2, std::to_string(number));
  }
  return text;
}

// Servers print expressions with other quotes, brackets and spaces.
std::string plain(std::string text) {
  std::erase_if(text, [](char c) { return c == '`' || c == '(' || c == ')' || c == ' '; });
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string described(const Server& server, bool both_mariadb, bool old) {
  const std::string where = " WHERE TABLE_SCHEMA='k' ";
  std::vector<std::string> queries{
      "SELECT CONCAT_WS('|', 'index', TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, "
      "IFNULL(SUB_PART, ''), NON_UNIQUE, INDEX_TYPE, INDEX_COMMENT" +
          std::string(both_mariadb ? ", IFNULL(COLLATION, ''), IGNORED" : "") +
          ") FROM information_schema.STATISTICS" + where + "ORDER BY 1",
      "SELECT CONCAT_WS('|', 'column', TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, "
      "IS_NULLABLE, EXTRA" +
          std::string(old ? "" : ", IFNULL(GENERATION_EXPRESSION, '')") +
          std::string(both_mariadb ? ", IFNULL(COLUMN_DEFAULT, 'none')" : "") +
          ") FROM information_schema.COLUMNS" + where + "ORDER BY 1",
      "SELECT CONCAT_WS('|', 'partition', TABLE_NAME, PARTITION_NAME, "
      "IFNULL(SUBPARTITION_METHOD, ''), PARTITION_METHOD, PARTITION_EXPRESSION, "
      "IFNULL(PARTITION_DESCRIPTION, ''), TABLE_ROWS) FROM information_schema.PARTITIONS" +
          where + "AND PARTITION_NAME IS NOT NULL ORDER BY 1"};
  if (both_mariadb) {
    queries.emplace_back(
        "SELECT CONCAT_WS('|', 'check', TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE) FROM "
        "information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA='k' ORDER BY 1");
  }
  std::string out;
  for (const auto& sql : queries) {
    for (const auto& row : server.query(sql)) out += plain(row.at(0).value_or("NULL")) + "\n";
  }
  return out;
}

class Definitions : public OfWay {};

void insert(const Server& server, const Kind& kind, int number) {
  server.exec_sql("INSERT INTO k." + std::string(kind.table) + " VALUES " +
                  with_number(kind.rows, number));
}

TEST_P(Definitions, of_every_kind_are_the_same_and_hold_the_same_rows) {
  const auto [from, to] = GetParam();
  const Server source = Server::start(from);
  const Server target = Server::start(to);
  source.exec_sql("CREATE DATABASE k CHARACTER SET utf8mb4");
  std::vector<Kind> moved;
  std::vector<std::string> included;
  for (const Kind& kind : kinds()) {
    if (!has(from, kind)) continue;
    source.exec_sql("CREATE TABLE k." + std::string(kind.table) + " " + kind.definition);
    insert(source, kind, 1);
    // No MySQL before 8.0.16 has CHECK constraints, and none refuses them: `assess` tells.
    const bool lost = to != mariadb && std::string(kind.table) == "checked";
    if (has(to, kind) && !lost) {
      moved.push_back(kind);
      included.push_back("k." + std::string(kind.table));
    } else if (!lost) {
      const Wherry refused(source, target, {"k." + std::string(kind.table)});
      const RunResult ended = refused.command({"run"});
      EXPECT_NE(ended.exit_code, 0) << kind.table;
      for (const std::string part : {kind.refused_as, kind.table}) {
        EXPECT_NE(ended.output.find(part), std::string::npos) << kind.table << ended.output;
      }
      target.exec_sql("DROP DATABASE IF EXISTS k; DROP DATABASE IF EXISTS _wherry");
    }
  }
  Wherry wherry(source, target, included);
  const bool tells_of_checks =
      ask(wherry, {"assess"}).dump().find("source.check_constraints") != std::string::npos;
  EXPECT_EQ(tells_of_checks, from == mariadb);
  wherry.start();
  for (const Kind& kind : moved) insert(source, kind, 2);
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  for (const Kind& kind : kinds()) {
    const bool is_moved = std::any_of(moved.begin(), moved.end(),
                                      [&](const Kind& one) { return one.table == kind.table; });
    if (!is_moved) source.exec_sql("DROP TABLE IF EXISTS k." + std::string(kind.table));
  }
  const Comparison comparison =
      compare_servers(source, target, {"--database", "k", "--definitions"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  for (const auto* server : {&source, &target}) {
    for (const Kind& kind : moved) server->exec_sql("ANALYZE TABLE k." + std::string(kind.table));
  }
  const bool both_mariadb = from == mariadb && to == mariadb;
  const bool old = from == mysql56 || to == mysql56;
  EXPECT_EQ(described(target, both_mariadb, old), described(source, both_mariadb, old));
}

INSTANTIATE_TEST_SUITE_P(Ways, Definitions,
                         testing::Values(Way{mariadb, mariadb}, Way{mariadb, mysql57},
                                         Way{mysql57, mariadb}, Way{mysql57, mysql57},
                                         Way{mysql56, mysql57}),
                         name_of_way);

}  // namespace
}  // namespace wherry::tests
