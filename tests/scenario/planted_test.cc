// What somebody else changes on the target is found and mended wherever it is: in tables joined by
// cascading keys, in tables without a key, on MySQL as on MariaDB, also where no log shows it.

#include <chrono>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using enum ServerKind;

struct Plant {
  const char* kind;
  const char* sql;  // on the target
  std::vector<std::string> found;
};

constexpr const char* tables = R"(
CREATE DATABASE kin CHARACTER SET utf8mb4; USE kin; SET sql_mode='';
CREATE TABLE parents (id INT PRIMARY KEY, a VARCHAR(40), b VARCHAR(40), n BIGINT UNSIGNED);
CREATE TABLE children (id INT PRIMARY KEY, parent INT, a VARCHAR(40), b MEDIUMBLOB,
  FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE grandchildren (child INT, word VARCHAR(40) COLLATE utf8mb4_unicode_ci, v INT,
  PRIMARY KEY (child, word),
  FOREIGN KEY (child) REFERENCES children (id) ON DELETE CASCADE);
CREATE TABLE orphans (id INT PRIMARY KEY, parent INT, v INT,
  FOREIGN KEY (parent) REFERENCES parents (id) ON DELETE SET NULL);
)";

constexpr const char* keyless = "bits shifted alike blanks nulls tails missing extra";

const std::vector<Plant>& plants() {
  static const std::vector<Plant> all{
      {"one bit of a parent", "UPDATE parents SET n=n^1 WHERE id=10", {"kin.parents key 10"}},
      {"missing parent", "DELETE FROM parents WHERE id=11", {"kin.parents key 11"}},
      {"extra parent", "INSERT INTO parents (id) VALUES (9000)", {"kin.parents key 9000"}},
      {"swapped values of parents",
       "UPDATE parents SET n=27-n WHERE id IN (13, 14)",
       {"kin.parents key 13", "kin.parents key 14"}},
      {"border between columns of a parent moved",
       "UPDATE parents SET a='x', b='0y' WHERE id=15",
       {"kin.parents key 15"}},
      {"four parents changed alike",
       "UPDATE parents SET n=n^4096 WHERE id BETWEEN 20 AND 23",
       {"kin.parents key 20", "kin.parents key 21", "kin.parents key 22", "kin.parents key 23"}},
      {"child of another parent",
       "UPDATE children SET parent=31 WHERE id=30",
       {"kin.children key 30"}},
      {"child without a parent",
       "UPDATE children SET parent=NULL WHERE id=32",
       {"kin.children key 32"}},
      {"missing child", "DELETE FROM children WHERE id=33", {"kin.children key 33"}},
      {"last byte of a child's blob",
       "UPDATE children SET b=CONCAT(REPEAT('z', 199999), 'y') WHERE id=34",
       {"kin.children key 34"}},
      {"NULL for a child's ''", "UPDATE children SET a=NULL WHERE id=35", {"kin.children key 35"}},
      {"trailing space of a child",
       "UPDATE children SET a='' ' ' WHERE id=36",
       {"kin.children key 36"}},
      {"letter case in a grandchild's key",
       "UPDATE grandchildren SET word='WORD' WHERE child=40",
       {"kin.grandchildren key (40, WORD)", "kin.grandchildren key (40, word)"}},
      {"extra grandchild",
       "INSERT INTO grandchildren VALUES (41, 'other', 1)",
       {"kin.grandchildren key (41, other)"}},
      {"one that lost its parent",
       "UPDATE orphans SET parent=50 WHERE id=50",
       {"kin.orphans key 50"}},
      {"one bit without a key", "UPDATE bits SET n=n^1 WHERE n=5", {"kin.bits"}},
      {"a row too many of equal ones", "INSERT INTO extra VALUES (1,'x0','y','z')", {"kin.extra"}},
      {"a row too few of equal ones", "DELETE FROM missing WHERE n=1 LIMIT 1", {"kin.missing"}},
      {"border between columns moved without a key",
       "UPDATE shifted SET a='x', b='0y' WHERE n=7",
       {"kin.shifted"}},
      {"four rows without a key changed alike",
       "UPDATE alike SET n=n^4096 WHERE n BETWEEN 4 AND 7",
       {"kin.alike"}},
      {"trailing space without a key", "UPDATE blanks SET b='y ' WHERE n=8", {"kin.blanks"}},
      {"NULL for '' without a key", "UPDATE nulls SET b=NULL WHERE n=9", {"kin.nulls"}},
      {"last byte without a key", "UPDATE tails SET c='zzzy' WHERE n=3", {"kin.tails"}},
  };
  return all;
}

void make(const Server& source) {
  std::string sql = tables;
  std::string rows;
  for (int i = 1; i <= 60; ++i) {
    const std::string n = std::to_string(i);
    sql += "INSERT INTO parents VALUES (" + n + ",'x0','y'," + n + ");";
    sql += "INSERT INTO children VALUES (" + n + "," + n + ",'',REPEAT('z',200000));";
    sql += "INSERT INTO grandchildren VALUES (" + n + ",'word'," + n + ");";
    sql += "INSERT INTO orphans VALUES (" + n + "," + (i == 50 ? "NULL" : n) + "," + n + ");";
    rows += (i == 1 ? "(" : ",(") + n + ",'x0','" + (i == 9 ? "" : "y") + "','zzzz')";
  }
  std::istringstream names(keyless);
  for (std::string name; names >> name;) {
    sql += "CREATE TABLE " + name + " (n BIGINT, a VARCHAR(9), b VARCHAR(9), c BLOB);";
    sql += "INSERT INTO " + name + " VALUES " + rows + ",(1,'x0','y','zzzz');";
  }
  source.exec_sql(sql);
}

std::set<std::string> found(const json& seen) {
  std::set<std::string> subjects;
  for (const auto& finding : seen.at("findings")) {
    if (finding.at("code") == "proof.difference") subjects.insert(finding.at("subject"));
  }
  return subjects;
}

class Planted : public OfWay {};

TEST_P(Planted, differences_of_every_kind_are_found_and_mended) {
  const Server source = Server::start(GetParam().from);
  const Server target = Server::start(GetParam().to);
  make(source);
  Wherry wherry(source, target, {"kin.*"}, "verify:\n  recheck:\n    wait: 50 ms\n");
  run_until_proved(wherry);

  Connection foreign = target.connect("kin");
  foreign.exec("SET sql_mode='', foreign_key_checks=0");
  std::set<std::string> planted;
  bool logged = true;
  for (const Plant& plant : plants()) {
    logged = !logged;
    foreign.exec(logged ? "SET sql_log_bin=1" : "SET sql_log_bin=0");
    ASSERT_GT(foreign.exec(plant.sql), 0U) << plant.kind;
    planted.insert(plant.found.begin(), plant.found.end());
  }
  wherry.start();
  wait_until("it to follow", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["state"] == "following";
  });
  ask(wherry, {"verify"}, 4);
  EXPECT_EQ(found(status(wherry)), planted);

  const Comparison before = compare_servers(source, target, {"--database", "kin"});
  EXPECT_EQ(before.answer, Answer::different);
  ask(wherry, {"repair"});
  wait_until("what was mended to be proved", 60s, [&] {
    const json seen = status(wherry);
    return seen["proof"]["differences"] == 0 && seen["proof"]["all_proved"] == true;
  });
  const Comparison after = compare_servers(source, target, {"--database", "kin"});
  EXPECT_TRUE(after.equal()) << after.output << wherry.output();

  // What is mended goes on as if nothing had been: by cascades, and by rows without a key.
  source.exec_sql(
      "USE kin; DELETE FROM parents WHERE id IN (10, 30, 50); DELETE FROM orphans WHERE id>55; "
      "UPDATE parents SET id=id+500 WHERE id>55; DELETE FROM missing WHERE n=1; "
      "UPDATE extra SET b='' WHERE n=1");
  ask(wherry, {"verify"});
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison at_the_end = compare_servers(source, target, {"--database", "kin"});
  EXPECT_TRUE(at_the_end.equal()) << at_the_end.output << wherry.output();
}

std::vector<Way> ways() {
  std::vector<Way> all{{mariadb, mariadb}, {mysql57, mysql57}};
  if (is_soak())
    all.insert(all.end(), {{mysql57, mariadb}, {mysql56, mysql57}, {mariadb, mysql57}});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Ways, Planted, testing::ValuesIn(ways()), name_of_way);

}  // namespace
}  // namespace wherry::tests
