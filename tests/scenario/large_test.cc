// Large things arrive whole: values of 64 MiB, files loaded into the
// source, transactions of many rows.

#include <chrono>
#include <fstream>
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
using nlohmann::json;

Server start_with_packets(ServerKind kind, const std::string& most,
                          const std::vector<std::string>& more = {}) {
  ServerOptions options;
  options.extra = {"--max-allowed-packet=" + most, "--innodb-log-file-size=512M"};
  options.extra.insert(options.extra.end(), more.begin(), more.end());
  return Server::start(kind, options);
}

void wait_until_it_follows(Wherry& wherry) {
  wait_until("it to follow", 90s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["state"] == "following";
  });
}

// Values of these sizes are more than the comparison's packets hold.
Rows sums(const Server& server) {
  return server.query(
      "SELECT id, LENGTH(b), MD5(b), LENGTH(t), MD5(t), n FROM large.vals ORDER BY id");
}

void make_large_values(const Server& source) {
  source.exec_sql(
      "CREATE DATABASE large CHARACTER SET utf8mb4; CREATE TABLE large.vals (id INT PRIMARY KEY, "
      "b LONGBLOB, t LONGTEXT, n INT); INSERT INTO large.vals VALUES (1,'small','small',1), "
      "(2,REPEAT(X'00ff275c0a',13421773),NULL,2), (3,NULL,REPEAT('ö\\n\\t''',13421773),3)");
}

class LargeValues : public testing::TestWithParam<std::pair<ServerKind, ServerKind>> {
 protected:
  void SetUp() override {
    if (!Server::available(from) || !Server::available(to)) GTEST_SKIP() << "no such server here";
  }
  const ServerKind from = GetParam().first;
  const ServerKind to = GetParam().second;
};

INSTANTIATE_TEST_SUITE_P(Servers, LargeValues,
                         testing::Values(std::pair(ServerKind::mariadb, ServerKind::mariadb),
                                         std::pair(ServerKind::mysql57, ServerKind::mysql57),
                                         std::pair(ServerKind::mysql57, ServerKind::mariadb)),
                         [](const auto& pair) {
                           return std::string(to_string(pair.param.first)) + "_to_" +
                                  std::string(to_string(pair.param.second));
                         });

TEST_P(LargeValues, of_64_mib_are_copied_followed_and_proved) {
  const Server source = start_with_packets(from, "256M");
  const Server target = start_with_packets(to, "256M");
  make_large_values(source);
  Wherry wherry(source, target, {"large.*"});
  wherry.start();
  wait_until_it_follows(wherry);
  source.exec_sql("INSERT INTO large.vals SELECT 4, b, 'x', 4 FROM large.vals WHERE id=2");
  source.exec_sql("UPDATE large.vals SET n=33 WHERE id=3");
  ASSERT_EQ(wherry.stop(90s), 130) << wherry.output();
  run_until_proved(wherry);
  EXPECT_EQ(sums(target), sums(source));
  target.exec_sql("UPDATE large.vals SET b=CONCAT(LEFT(b, LENGTH(b)-1), 'y') WHERE id=4");
  EXPECT_EQ(ask(wherry, {"verify"}, 4)["proof"]["differences"], 1);
  ask(wherry, {"repair"});
  EXPECT_EQ(sums(target), sums(source));
}

// Ends the run that cannot write a row; what it tells is what has to be done.
void expect_refused(Wherry& wherry) {
  ASSERT_EQ(wherry.wait(90s), 1) << wherry.output();
  EXPECT_NE(wherry.output().find("target.max_allowed_packet"), std::string::npos);
  EXPECT_NE(wherry.output().find("SET GLOBAL max_allowed_packet="), std::string::npos)
      << wherry.output();
}

// Raises it to what the last refusal asks for.
void do_as_told(const Wherry& wherry, const Server& target) {
  const std::string told = wherry.output();
  const auto begin = told.rfind("SET GLOBAL max_allowed_packet=");
  ASSERT_NE(begin, std::string::npos);
  target.exec_sql(
      told.substr(begin, told.find_first_not_of("0123456789", told.find('=', begin) + 1) - begin));
}

TEST_P(LargeValues, that_the_targets_packets_do_not_hold_stop_it_until_they_are_raised) {
  const Server source = start_with_packets(from, "256M");
  const Server target = start_with_packets(to, "32M", {"--local-infile=OFF"});
  source.exec_sql(
      "CREATE DATABASE large; CREATE TABLE large.vals (id INT PRIMARY KEY, b LONGBLOB, t LONGTEXT, "
      "n INT); INSERT INTO large.vals VALUES (1,'small','small',1), "
      "(2,REPEAT('x',67108864),NULL,2)");
  Wherry wherry(source, target, {"large.*"});
  wherry.start();
  expect_refused(wherry);
  EXPECT_EQ(target.query("SELECT COUNT(*) FROM large.vals").at(0).at(0), "0");
  do_as_told(wherry, target);
  wherry.start();
  wait_until_it_follows(wherry);
  // One transaction: neither of its rows comes without the other.
  source.exec_sql("INSERT INTO large.vals SELECT id+2, CONCAT(b,b), t, n FROM large.vals");
  expect_refused(wherry);
  EXPECT_EQ(target.query("SELECT COUNT(*) FROM large.vals").at(0).at(0), "2");
  do_as_told(wherry, target);
  run_until_proved(wherry);
  EXPECT_EQ(sums(target), sums(source));
}

TEST(LoadedFiles, into_the_source_arrive_while_it_is_followed) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE loaded; CREATE TABLE loaded.words (id INT PRIMARY KEY, word VARCHAR(40), "
      "UNIQUE KEY (word)); CREATE TABLE loaded.lines (id INT, word VARCHAR(40)); "
      "INSERT INTO loaded.words VALUES (5,'w7'),(6,'none'),(200000,'w9')");
  Wherry wherry(source, target, {"loaded.*"});
  wherry.start();
  wait_until_it_follows(wherry);
  const std::string file = (wherry.directory() / "words").string();
  const int rows = sized(100'000, 1'000'000);
  {
    std::ofstream out(file);
    for (int i = 1; i <= rows; ++i) out << i << "\tw" << i << "\n";
  }
  source.exec_sql("LOAD DATA LOCAL INFILE '" + file + "' REPLACE INTO TABLE loaded.words");
  source.exec_sql("LOAD DATA LOCAL INFILE '" + file + "' INTO TABLE loaded.lines");
  source.exec_sql("LOAD DATA LOCAL INFILE '" + file +
                  "' IGNORE INTO TABLE loaded.words (@n, word) SET id=@n+50000");
  ASSERT_TRUE(wherry.running()) << wherry.output();
  ASSERT_EQ(wherry.stop(120s), 130) << wherry.output();
  run_until_proved(wherry);
  const Comparison comparison = compare_servers(source, target, {"--database", "loaded"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  EXPECT_EQ(target.query("SELECT COUNT(*) FROM loaded.words").at(0).at(0), std::to_string(rows));
}

}  // namespace
}  // namespace wherry::tests
