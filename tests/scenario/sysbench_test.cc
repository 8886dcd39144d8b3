// The tables of sysbench move while sysbench writes to them.

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> sysbench(const Server& server, const std::string& step) {
  return {"sysbench",
          "oltp_write_only",
          "--db-driver=mysql",
          "--mysql-socket=" + server.socket(),
          "--mysql-user=root",
          "--mysql-db=sb",
          "--tables=4",
          "--table-size=" + std::to_string(sized(10'000, 1'000'000)),
          "--threads=2",
          "--rate=" + std::to_string(sized(100, 400)),
          "--time=0",
          "--rand-type=pareto",
          "--mysql-ignore-errors=1213,1205,1062",
          step};
}

TEST(Sysbench, its_tables_move_while_it_writes) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  TemporaryDirectory directory("sysbench");
  source.exec_sql("CREATE DATABASE sb");
  const RunResult prepared = run(sysbench(source, "prepare"));
  ASSERT_EQ(prepared.exit_code, 0) << prepared.output;

  Wherry wherry(source, target, {"sb.*"}, "limits:\n  threads: 3\n  memory: 64 MiB\n");
  Program load(sysbench(source, "run"), directory.path() / "sysbench.log");
  const std::string sum_before = *source.connect().value("SELECT SUM(k) FROM sb.sbtest1");
  wherry.start();
  wait_until("all tables to be proved once", std::chrono::seconds(sized(120, 3000)), [&] {
    const auto seen = status(wherry);
    return seen.is_object() && seen["proof"]["all_proved"] == true;
  });
  wherry.kill9();
  wherry.start();
  std::this_thread::sleep_for(std::chrono::seconds(sized(3, 300)));
  ASSERT_TRUE(wherry.running()) << wherry.output();
  ASSERT_TRUE(load.running()) << load.output();
  load.kill9();
  ASSERT_EQ(wherry.stop(60s), 130) << wherry.output();
  run_until_proved(wherry, std::chrono::seconds(sized(180, 3000)));
  EXPECT_NE(*source.connect().value("SELECT SUM(k) FROM sb.sbtest1"), sum_before);
  const Comparison comparison =
      compare_servers(source, target, {"--database", "sb", "--definitions"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

}  // namespace
}  // namespace wherry::tests
