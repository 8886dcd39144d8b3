// Circumstances that a migration cannot begin or go on in: what is wrong and what mends it is said,
// nothing is half done, and once it is mended the same command ends with both sides equal.

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

Server start_with(std::vector<std::string> options) {
  ServerOptions all;
  all.extra = std::move(options);
  return Server::start_mariadb(all);
}

void make_rows(const Server& server, int rows, const std::string& filler = "REPEAT('x', 200)") {
  server.exec_sql("CREATE DATABASE bank; CREATE TABLE bank.t (id INT PRIMARY KEY, v LONGTEXT); " +
                  std::string("INSERT INTO bank.t SELECT seq, ") + filler +
                  " FROM mysql.seq_1_to_" + std::to_string(rows));
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

TEST(Circumstances, a_source_without_a_usable_log_is_refused_until_it_has_one) {
  auto source = start_with({"--skip-log-bin"});
  const auto target = Server::start_mariadb();
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

TEST(Circumstances, a_target_with_rows_of_others_is_refused_and_they_stay) {
  const auto source = Server::start_mariadb();
  const auto target = Server::start_mariadb();
  make_rows(source, 1000);
  make_rows(target, 3, "'not yours'");
  Wherry wherry(source, target, {"bank.*"});
  EXPECT_TRUE(has_finding(ask(wherry, {"assess"}, 3), "target.table_exists", "bank.t"));
  EXPECT_EQ(ask(wherry, {"run"}, 3)["code"], "assess.blocked");
  EXPECT_EQ(target.query("SELECT COUNT(*) FROM bank.t WHERE v = 'not yours'").at(0).at(0), "3");

  target.exec_sql("DROP TABLE bank.t");
  expect_moves(wherry, source, target);
}

TEST(Circumstances, a_read_only_target_is_refused_until_it_is_writable) {
  const auto source = Server::start_mariadb();
  auto target = Server::start_mariadb();
  make_rows(source, 20'000);
  target.exec_sql("SET GLOBAL read_only=ON");
  Wherry wherry(source, target, {"bank.*"});
  EXPECT_TRUE(has_finding(ask(wherry, {"assess"}, 3), "target.read_only", "read_only=OFF"));
  target.exec_sql("SET GLOBAL read_only=OFF");
  expect_moves(wherry, source, target);
}

TEST(Circumstances, a_target_without_space_is_a_clear_stop_and_goes_on_with_more) {
  const auto source = Server::start_mariadb();
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

TEST(Circumstances, rows_larger_than_the_targets_packets_arrive_or_are_refused_by_name) {
  const auto source = Server::start_mariadb();
  const auto target = start_with({"--max-allowed-packet=1M"});
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

TEST(Circumstances, a_wrong_password_is_said_at_once_without_telling_it) {
  const auto source = Server::start_mariadb();
  const auto target = Server::start_mariadb();
  make_rows(source, 10);
  source.exec_sql("CREATE USER mover@'%' IDENTIFIED BY 'right'");
  ASSERT_EQ(setenv("WHERRY_TEST_WRONG", "not-this-one", 1), 0);
  Wherry wherry(source, target, {"bank.*"});
  std::ofstream(wherry.config())
      << "name: test\nsource:\n  type: mysql\n  host: 127.0.0.1\n  port: " << source.port()
      << "\n  user: mover\n  password_env: WHERRY_TEST_WRONG\ntarget:\n  type: mysql\n  socket: "
      << target.socket() << "\n  user: root\ntables:\n  include: [\"bank.*\"]\njournal: "
      << (wherry.directory() / "journal").string() << "\n";
  const json error = ask(wherry, {"run"}, 1);
  EXPECT_EQ(error["code"], "mysql.auth");
  EXPECT_EQ(error.dump().find("not-this-one"), std::string::npos);
  EXPECT_EQ(said_besides(wherry).find("not-this-one"), std::string::npos);
  expect_untouched(target);
}

}  // namespace
}  // namespace wherry::tests
