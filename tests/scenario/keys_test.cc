// Keys that tools of this kind trip over: letters and spaces that count as equal, numbers near
// 2^64, enums, sets and bits by number, the beginnings of texts, descending order, partitions.

#include <chrono>
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
using nlohmann::json;
using enum ServerKind;

constexpr const char* tables = R"(
CREATE DATABASE keyed CHARACTER SET utf8mb4; USE keyed; SET sql_mode='';
CREATE TABLE folded (k VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT);
INSERT INTO folded VALUES ('a',1),('B ',2),('ä1',3),('ss',4),(' x',5),('',6),('Ö',7),('é  ',8);
CREATE TABLE padded (a CHAR(9) CHARACTER SET latin1 COLLATE latin1_german2_ci, n INT, v INT,
  PRIMARY KEY (a, n));
INSERT INTO padded VALUES ('ss',1,1),('SS ',2,2),('ae',3,3),('z',4,4);
CREATE TABLE huge (k BIGINT UNSIGNED PRIMARY KEY, v INT);
INSERT INTO huge VALUES (0,0),(9223372036854775807,1),(9223372036854775808,2),
  (18446744073709551614,3),(18446744073709551615,4);
CREATE TABLE chosen (e ENUM('z','a','','m') NOT NULL, s SET('y','x','w') NOT NULL, b BIT(64) NOT NULL,
  v INT, PRIMARY KEY (e, s, b));
INSERT INTO chosen VALUES ('z','',0,1),('a','y',1,2),('','x,w',18446744073709551615,3),
  ('m','y,x,w',9223372036854775808,4),(0,'w',5,5);
CREATE TABLE raw (k VARBINARY(6) NOT NULL, f BINARY(4) NOT NULL, v INT, PRIMARY KEY (k, f));
INSERT INTO raw VALUES (X'',X'',1),(X'00',X'00',2),(X'0000',X'01',3),(X'20',X'0100',4),
  (X'ff00',X'ff000000',5),(X'2020',X'20',6);
CREATE TABLE begins (id INT PRIMARY KEY, word VARCHAR(40), t TEXT, UNIQUE KEY (word(3)),
  UNIQUE KEY (t(2), id), KEY down (word DESC, id), FULLTEXT KEY (t));
INSERT INTO begins VALUES (1,'abcd','text'),(2,'abd','text'),(3,NULL,NULL),(4,'','');
CREATE TABLE spread (id INT NOT NULL, k VARCHAR(9) NOT NULL, v INT, PRIMARY KEY (k, id))
  PARTITION BY KEY (k) PARTITIONS 4;
INSERT INTO spread VALUES (1,'a',1),(1,'b',2),(2,'A ',3);
)";

// Each names rows in another way than they were written.
constexpr const char* writes = R"(
USE keyed; SET sql_mode='';
UPDATE folded SET k='A ' WHERE k='A'; REPLACE INTO folded VALUES ('SS  ',40),('X',50),('b',20);
DELETE FROM folded WHERE k='   '; INSERT INTO folded VALUES (' ',60); UPDATE folded SET k='o' WHERE v=7;
INSERT INTO folded VALUES ('ö ',70) ON DUPLICATE KEY UPDATE k='Ö  ', v=71;
UPDATE padded SET a='ß', v=10 WHERE a='ss' AND n=1; REPLACE INTO padded VALUES ('ä',3,30);
DELETE FROM padded WHERE a='ss ' AND n=2;
UPDATE huge SET k=k-1, v=v+10 WHERE k>0 ORDER BY k; UPDATE huge SET k=18446744073709551615 WHERE k=0;
DELETE FROM huge WHERE k=9223372036854775807;
UPDATE chosen SET e=0, v=50 WHERE e='z'; UPDATE chosen SET s=s+0, b=b-1, v=60 WHERE b>9;
DELETE FROM chosen WHERE e='' AND e>0;
UPDATE raw SET k=X'0000' WHERE k=X'00'; DELETE FROM raw WHERE k=X'20';
UPDATE raw SET f=X'ff' WHERE f=X'ff000000'; INSERT INTO raw VALUES (X'20',X'00',7);
UPDATE begins SET word=NULL WHERE id=1; UPDATE begins SET word='abce' WHERE id=4;
UPDATE begins SET word=CONCAT(word, 'd'), t=CONCAT('x', t);
REPLACE INTO begins VALUES (9,'abdx','new');
UPDATE spread SET k='B', v=9 WHERE k='a' AND id=2; UPDATE spread SET k='a ' WHERE k='A';
)";

class Keys : public OfWay {};

TEST_P(Keys, that_others_trip_over_are_copied_followed_and_proved) {
  const auto [from, to] = GetParam();
  const Server source = Server::start(from);
  const Server target = Server::start(to);
  source.exec_sql(tables);
  Wherry wherry(source, target, {"keyed.*"});
  run_until_proved(wherry);
  std::vector<std::string> what{"--database", "keyed"};
  if (from == to) what.emplace_back("--definitions");
  const Comparison copied = compare_servers(source, target, what);
  EXPECT_TRUE(copied.equal()) << copied.output << wherry.output();

  wherry.start();
  wait_until("it to follow", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["state"] == "following";
  });
  source.exec_sql(writes);
  ask(wherry, {"verify"});
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison followed = compare_servers(source, target, what);
  EXPECT_TRUE(followed.equal()) << followed.output << wherry.output();
}

std::vector<Way> ways() {
  std::vector<Way> all{{mariadb, mariadb}, {mysql57, mysql57}};
  if (is_soak())
    all.insert(all.end(), {{mysql57, mariadb}, {mysql56, mysql57}, {mariadb, mysql57}});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Ways, Keys, testing::ValuesIn(ways()), name_of_way);

}  // namespace
}  // namespace wherry::tests
