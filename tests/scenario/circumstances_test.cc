// Circumstances that a migration cannot begin or go on in: what is wrong and what mends it is said,
// nothing is half done, and once it is mended the same command ends with both sides equal.

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Source and target are of one kind.
class Circumstances : public OfKind {
 protected:
  static bool is_mariadb() { return GetParam() == ServerKind::mariadb; }
  static Server start_with(std::vector<std::string> options) {
    ServerOptions all;
    all.extra = std::move(options);
    return Server::start(GetParam(), all);
  }
  static Server start() { return start_with({}); }
  // A MySQL with GTIDs does not start without a log.
  static std::vector<std::string> without_log() {
    std::vector<std::string> options{"--skip-log-bin"};
    if (!is_mariadb()) {
      options.insert(options.end(), {"--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"});
    }
    return options;
  }
};

// `filler` may use `seq`.
void make_rows(const Server& server, int rows, const std::string& filler = "REPEAT('x', 200)") {
  server.exec_sql(
      "CREATE DATABASE digits; CREATE TABLE digits.d (d INT PRIMARY KEY); INSERT INTO digits.d "
      "VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9); CREATE DATABASE bank; CREATE TABLE bank.t "
      "(id INT PRIMARY KEY, v LONGTEXT); INSERT INTO bank.t SELECT seq, " +
      filler +
      " FROM (SELECT 1 + a.d + 10*b.d + 100*c.d + 1000*e.d + 10000*f.d AS seq FROM digits.d a, "
      "digits.d b, digits.d c, digits.d e, digits.d f) AS n WHERE seq <= " +
      std::to_string(rows) + "; DROP DATABASE digits");
}

bool has_finding(const json& assessment, const std::string& code, const std::string& mend) {
  for (const auto& finding : assessment["findings"]) {
    if (finding["code"] == code && finding.dump().find(mend) != std::string::npos) return true;
  }
  return false;
}

void expect_moves(Wherry& wherry, const Server& source, const Server& target) {
  run_until_proved(wherry);
  const auto comparison = compare_servers(source, target, {"--database", "bank"});
  EXPECT_TRUE(comparison.equal()) << comparison.output;
}

void expect_untouched(const Server& target) {
  EXPECT_TRUE(target.query("SHOW DATABASES LIKE '%wherry%'").empty());
}

TEST_P(Circumstances, a_source_without_a_usable_log_is_refused_until_it_has_one) {
  auto source = start_with(without_log());
  const auto target = start();
  make_rows(source, 1000);
  Wherry wherry(source, target, {"bank.*"});
  EXPECT_TRUE(has_finding(ask(wherry, {"assess"}, 3), "source.binlog_off", "log_bin"));
  EXPECT_EQ(ask(wherry, {"run"}, 3)["code"], "assess.blocked");
  expect_untouched(target);

  source.restart({"--log-bin=mysql-bin", "--binlog-format=STATEMENT"});
  EXPECT_TRUE(has_finding(ask(wherry, {"assess"}, 3), "source.binlog_format", "ROW"));
  source.restart({"--log-bin=mysql-bin", "--binlog-format=ROW", "--binlog-row-image=MINIMAL"});
  EXPECT_TRUE(has_finding(ask(wherry, {"assess"}, 3), "source.binlog_row_image", "FULL"));
  expect_untouched(target);

  source.restart({"--log-bin=mysql-bin", "--binlog-format=ROW", "--binlog-row-image=FULL"});
  expect_moves(wherry, source, target);
}

TEST_P(Circumstances, a_target_with_rows_of_others_is_refused_and_they_stay) {
  const auto source = start();
  const auto target = start();
  make_rows(source, 1000);
  make_rows(target, 3, "'not yours'");
  Wherry wherry(source, target, {"bank.*"});
  EXPECT_TRUE(has_finding(ask(wherry, {"assess"}, 3), "target.table_exists", "bank.t"));
  EXPECT_EQ(ask(wherry, {"run"}, 3)["code"], "assess.blocked");
  EXPECT_EQ(target.query("SELECT COUNT(*) FROM bank.t WHERE v = 'not yours'").at(0).at(0), "3");

  target.exec_sql("DROP TABLE bank.t");
  expect_moves(wherry, source, target);
}

TEST_P(Circumstances, a_read_only_target_is_refused_until_it_is_writable) {
  const auto source = start();
  auto target = start();
  make_rows(source, 20'000);
  target.exec_sql("SET GLOBAL read_only=ON");
  Wherry wherry(source, target, {"bank.*"});
  EXPECT_TRUE(has_finding(ask(wherry, {"assess"}, 3), "target.read_only", "read_only=OFF"));
  target.exec_sql("SET GLOBAL read_only=OFF");
  expect_moves(wherry, source, target);
}

TEST_P(Circumstances, a_target_without_space_is_a_clear_stop_and_goes_on_with_more) {
  if (!is_mariadb()) GTEST_SKIP() << "a MySQL's data directory has grown beyond that already";
  const auto source = start();
  const std::vector<std::string> small{"--innodb-file-per-table=0",
                                       "--innodb-data-file-path=ibdata1:12M:autoextend:max:40M",
                                       "--skip-log-bin"};
  auto target = start_with(small);
  make_rows(source, 40'000, "REPEAT('x', 2000)");
  Wherry wherry(source, target, {"bank.*"});
  wherry.start();
  EXPECT_EQ(wherry.wait(120s), 1) << wherry.output();
  EXPECT_NE(wherry.output().find("mysql.no_space"), std::string::npos) << wherry.output();
  EXPECT_NE(wherry.output().find("make room"), std::string::npos) << wherry.output();
  EXPECT_EQ(ask(wherry, {"status"})["error"]["code"], "mysql.no_space");

  target.restart({"--innodb-file-per-table=0",
                  "--innodb-data-file-path=ibdata1:12M:autoextend:max:1G", "--skip-log-bin"});
  expect_moves(wherry, source, target);
}

TEST_P(Circumstances, rows_larger_than_the_targets_packets_arrive_or_are_refused_by_name) {
  const auto source = start();
  const auto target = start_with({"--max-allowed-packet=1M"});
  source.exec_sql("SET GLOBAL max_allowed_packet=64*1024*1024");
  make_rows(source, 3, "REPEAT(seq, 3000000)");
  source.exec_sql("SET GLOBAL local_infile=ON");
  Wherry wherry(source, target, {"bank.*"});
  wherry.start({"--until", "proved"});
  const auto code = wherry.wait(60s);
  if (code == 0) {
    target.exec_sql("SET GLOBAL max_allowed_packet=64*1024*1024");  // for the comparison
    const auto comparison = compare_servers(source, target, {"--database", "bank"});
    EXPECT_TRUE(comparison.equal()) << comparison.output;
  } else {
    EXPECT_NE(wherry.output().find("max_allowed_packet"), std::string::npos) << wherry.output();
  }
}

// Only source and target together tell it.
TEST_P(Circumstances, a_target_that_finds_less_or_takes_less_than_the_source_is_told_of) {
  const auto source = start_with({"--lower-case-table-names=1", "--max-allowed-packet=64M"});
  const auto target = start_with({"--max-allowed-packet=32M"});
  make_rows(source, 1000);
  source.exec_sql("ALTER DATABASE bank CHARACTER SET latin1 COLLATE latin1_bin");
  target.exec_sql("CREATE DATABASE bank CHARACTER SET latin2");
  Wherry wherry(source, target, {"bank.*"});
  const json told = ask(wherry, {"assess"});
  EXPECT_TRUE(has_finding(told, "target.names_have_case", "lower_case_table_names=1")) << told;
  EXPECT_TRUE(
      has_finding(told, "target.smaller_packets", "SET GLOBAL max_allowed_packet=134217728;"))
      << told;
  const std::string mend = "ALTER DATABASE `bank` CHARACTER SET latin1 COLLATE latin1_bin;";
  EXPECT_TRUE(has_finding(told, "target.schema_default", mend)) << told;
  target.exec_sql("SET GLOBAL max_allowed_packet=134217728; " + mend);
  EXPECT_FALSE(has_finding(ask(wherry, {"assess"}), "target.schema_default", ""));
  EXPECT_FALSE(has_finding(ask(wherry, {"assess"}), "target.smaller_packets", ""));
  expect_moves(wherry, source, target);

  const auto alike = start_with({"--lower-case-table-names=1"});
  EXPECT_FALSE(has_finding(ask(Wherry(source, alike, {"bank.*"}), {"assess"}),
                           "target.names_have_case", ""));
}

INSTANTIATE_TEST_SUITE_P(On, Circumstances,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql57), name_of_kind);

}  // namespace
}  // namespace wherry::tests
