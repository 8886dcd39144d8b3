#include "tests/support/server.h"

#include <utility>

#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/program.h"

namespace wherry::tests {
namespace {

void keeps_committed_rows_over_a_crash(Server server) {
  server.exec_sql("CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, v VARCHAR(9))");
  server.exec_sql("INSERT INTO d.t VALUES (1, 'a'), (2, NULL), (3, '')");
  server.kill9();
  EXPECT_EQ(server.pid(), 0);
  EXPECT_THROW(server.query("SELECT 1"), SqlError);
  server.restart();
  EXPECT_NE(server.pid(), 0);
  const Rows expected{{"1", "a"}, {"2", std::nullopt}, {"3", ""}};
  EXPECT_EQ(server.query("SELECT id, v FROM d.t ORDER BY id"), expected);

  Endpoint by_tcp;
  by_tcp.port = server.port();
  EXPECT_EQ(Connection(by_tcp).value("SELECT @@server_id"), std::to_string(server.server_id()));
  EXPECT_EQ(server.connect().value("SELECT @@binlog_format"), "ROW");
}

TEST(Server, mariadb_keeps_committed_rows_over_a_crash) {
  keeps_committed_rows_over_a_crash(Server::start_mariadb());
}

TEST(Server, mysql57_keeps_committed_rows_over_a_crash) {
  if (!Server::mysql57_available()) GTEST_SKIP() << "MySQL 5.7 cannot be had here";
  keeps_committed_rows_over_a_crash(Server::start_mysql57());
}

TEST(Server, mysql56_keeps_committed_rows_over_a_crash) {
  if (!Server::available(ServerKind::mysql56)) GTEST_SKIP() << "MySQL 5.6 cannot be had here";
  keeps_committed_rows_over_a_crash(Server::start(ServerKind::mysql56));
}

TEST(Server, is_gone_with_its_directory_when_destroyed) {
  pid_t pid = 0;
  std::filesystem::path dir;
  {
    Server first = Server::start_mariadb();
    Server server = std::move(first);
    pid = server.pid();
    dir = server.dir();
    ASSERT_GT(pid, 0);
    ASSERT_TRUE(std::filesystem::exists(dir));
  }
  EXPECT_FALSE(std::filesystem::exists(dir));
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(pid) + "/exe"));
}

TEST(Server, takes_extra_options_and_new_ones_at_a_restart) {
  ServerOptions options;
  options.extra = {"--max-connections=77"};
  Server server = Server::start_mariadb(options);
  EXPECT_EQ(server.connect().value("SELECT @@max_connections"), "77");
  server.restart({"--max-connections=78"});
  EXPECT_EQ(server.connect().value("SELECT @@max_connections"), "78");
}

TEST(Server, says_why_it_does_not_start) {
  ServerOptions options;
  options.extra = {"--no-such-option=1"};
  try {
    Server::start_mariadb(options);
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no-such-option"), std::string::npos);
  }
}

TEST(Server, loads_a_file_with_delimiters) {
  Server server = Server::start_mariadb();
  const std::filesystem::path file = server.dir() / "p.sql";
  const RunResult written =
      run({"sh", "-c",
           "printf 'CREATE DATABASE d;\\nUSE d;\\nDELIMITER //\\nCREATE "
           "FUNCTION f() RETURNS INT DETERMINISTIC RETURN 5;\\n//\\n' >\"$0\"",
           file.string()});
  ASSERT_EQ(written.exit_code, 0) << written.output;
  server.load_file(file);
  EXPECT_EQ(server.connect().value("SELECT d.f()"), "5");
}

TEST(Program, reports_exit_codes_and_signals) {
  EXPECT_EQ(run({"sh", "-c", "echo hi; exit 7"}).exit_code, 7);
  EXPECT_EQ(run({"sh", "-c", "echo hi"}).output, "hi\n");
  const TemporaryDirectory directory("program");
  Program sleeper({"sleep", "60"}, directory.path() / "out");
  EXPECT_TRUE(sleeper.running());
  sleeper.send(SIGTERM);
  EXPECT_EQ(sleeper.wait(std::chrono::seconds(10)), 128 + SIGTERM);
}

}  // namespace
}  // namespace wherry::tests
