// Documents of MySQL's JSON move to another MySQL with the type of each value inside them, under
// writes and over a kill; and a document whose text alone is right is found to be different.

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr const char* by_key =
    "CREATE DATABASE d CHARACTER SET utf8mb4; USE d; "
    "CREATE TABLE doc (id INT PRIMARY KEY AUTO_INCREMENT, j JSON, "
    "k JSON NOT NULL, note VARCHAR(40), e ENUM('x','y'));";
constexpr const char* without_key =
    "CREATE DATABASE d CHARACTER SET utf8mb4; USE d; "
    "CREATE TABLE doc (id INT AUTO_INCREMENT, j JSON, "
    "k JSON NOT NULL, note VARCHAR(40), e ENUM('x','y'), KEY (id));";

// Documents whose text tells everything, and others. (A CASE would make them anew of their text.)
constexpr const char* documents = R"(
USE d; SET NAMES utf8mb4, sql_mode='';
CREATE TABLE n (n INT PRIMARY KEY);
INSERT INTO n VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
CREATE TABLE typed (ts TIMESTAMP(6) NULL, zero TIMESTAMP NULL, bin BINARY(4), blob_ BLOB, long_ LONGBLOB);
INSERT INTO typed VALUES ('2030-01-02 03:04:05.6', '0000-00-00', x'00ff27', x'5c00', x'00ff');
CREATE PROCEDURE fill(IN seed INT) BEGIN
  INSERT INTO doc (j, k, note) SELECT JSON_OBJECT('id', b.n, 'name', 'x', 'tags', JSON_ARRAY('a', 'b')),
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x' FROM n a JOIN n b;
  INSERT INTO doc (j, k, note) SELECT JSON_OBJECT('price', CAST(b.n AS DECIMAL(10,2)), 'at', CAST('2020-01-01' AS DATE)),
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x' FROM n a JOIN n b;
  INSERT INTO doc (j, k, note) SELECT JSON_ARRAY(b.n * 1e0, CAST(b.n AS UNSIGNED), b.n, 1/3e0, 5000000000 + b.n),
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x' FROM n a JOIN n b;
  INSERT INTO doc (j, k, note) SELECT JSON_OBJECT('', JSON_OBJECT('it''s "x"', 1.50, 'a.b[0]', TIMESTAMP('2020-01-01'))),
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x' FROM n a JOIN n b;
  INSERT INTO doc (j, k, note) SELECT JSON_ARRAY('2020-01-01', '10:11:12.000000', REPEAT('y', 500)),
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x' FROM n a JOIN n b;
  INSERT INTO doc (j, k, note) SELECT CAST(CONCAT('"', a.n, '"') AS JSON),
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x' FROM n a JOIN n b;
  INSERT INTO doc (j, k, note) SELECT JSON_EXTRACT(JSON_ARRAY(CAST('10:11:12.5' AS TIME(6))), '$[0]'),
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x' FROM n a JOIN n b;
  INSERT INTO doc (j, k, note, e) SELECT JSON_OBJECT('typed', JSON_ARRAY(ts, zero, bin, blob_, UNHEX('00'), UNHEX(REPEAT('27', 70000)), CONCAT(long_))),
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x', 'none' FROM n a JOIN typed;
  INSERT INTO doc (j, k, note) SELECT NULL,
    JSON_OBJECT('n', a.n + seed, 'd', a.n / 4), 'x' FROM n a JOIN n b;
END;
CALL fill(0);
)";

std::string types_in(const Server& server) {
  std::string out;
  for (const auto& row : server.query(
           "SELECT id, CONCAT_WS(' ', JSON_TYPE(j), JSON_TYPE(j->'$.price'), JSON_TYPE(j->'$.at'), "
           "JSON_TYPE(j->'$.id'), JSON_TYPE(j->'$[0]'), JSON_TYPE(j->'$[1]'), JSON_TYPE(j->'$[2]'),"
           "JSON_TYPE(j->'$[3]'), JSON_TYPE(j->'$[4]'), JSON_TYPE(k->'$.n'), JSON_TYPE(k->'$.d'), "
           "JSON_TYPE(JSON_EXTRACT(j->'$.*', '$[0].\"a.b[0]\"')), JSON_TYPE(j->'$.typed[0]'), "
           "JSON_TYPE(j->'$.typed[1]'), JSON_TYPE(j->'$.typed[2]'), j, k) FROM d.doc ORDER BY "
           "id")) {
    out += row.at(0).value_or("") + ": " + row.at(1).value_or("NULL") + "\n";
  }
  return out;
}

// How the table knows its rows.
class JsonTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!Server::available(ServerKind::mysql57)) GTEST_SKIP() << "MySQL 5.7 cannot be had here";
  }
};

TEST_P(JsonTest, types_inside_documents_move_and_are_proved) {
  const bool keyed = GetParam() == by_key;
  const Server source = Server::start(ServerKind::mysql57);
  const Server target = Server::start(ServerKind::mysql57);
  source.exec_sql(std::string(GetParam()) + documents);
  Wherry wherry(source, target, {"d.doc"});
  wherry.start();
  for (int round = 1; round <= 3; ++round) {
    const std::string n = std::to_string(round);
    source.exec_sql("USE d; SET sql_mode=''; CALL fill(" + n + "); UPDATE doc SET j=k, note='" + n +
                    "' WHERE id%7=" + n +
                    "; UPDATE doc SET j=JSON_SET(j, '$[1]', 2.50) WHERE id%11=" + n +
                    "; DELETE FROM doc WHERE id%13=" + n);
    std::this_thread::sleep_for(300ms);
    if (round != 2) continue;
    ASSERT_TRUE(wherry.running()) << wherry.output();
    wherry.kill9();
    wherry.start();
  }
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry);
  ASSERT_TRUE(compare_servers(source, target, {"--table", "d.doc"}).equal());
  const std::string types = types_in(source);
  for (const auto* type : {"DECIMAL", "DATE", "UNSIGNED INTEGER", "DOUBLE", "DATETIME", "TIME",
                           "TIMESTAMP", "BLOB", "base64:type250:", "base64:type251:",
                           "base64:type252:", "base64:type253:", "base64:type254:"}) {
    ASSERT_NE(types.find(type), std::string::npos) << type << " is not tried";
  }
  ASSERT_EQ(types_in(target), types);

  // The texts stay what they are.
  ASSERT_GT(target.connect("d").exec("UPDATE doc SET j=JSON_SET(j, '$.at', '2020-01-01') WHERE "
                                     "JSON_TYPE(j->'$.at')='DATE' LIMIT 1"),
            0U);
  ASSERT_GT(target.connect("d").exec("UPDATE doc SET j=JSON_SET(j, '$[2]', 2e0) WHERE "
                                     "JSON_TYPE(j->'$[2]')='INTEGER' AND j->'$[2]'=2 LIMIT 1"),
            0U);
  ASSERT_TRUE(compare_servers(source, target, {"--table", "d.doc"}).equal());
  const json verified = ask(wherry, {"verify"}, 4);
  EXPECT_EQ(verified["proof"]["differences"], keyed ? 2 : 1) << verified.dump(1);
  ask(wherry, {"repair"});
  EXPECT_EQ(types_in(target), types);
  ask(wherry, {"verify"});
}

INSTANTIATE_TEST_SUITE_P(Tables, JsonTest, testing::Values(by_key, without_key),
                         [](const auto& table) {
                           return std::string(table.param == by_key ? "by_key" : "without_key");
                         });

}  // namespace
}  // namespace wherry::tests
