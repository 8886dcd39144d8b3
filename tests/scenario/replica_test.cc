// What is copied is read from a replica, while the source's own log is followed: under load, with a
// replica that lags, stops and restarts, and with one that does not hold what the source holds.

#include "tests/support/replica.h"

#include <chrono>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"
#include "tests/support/compare.h"
#include "tests/support/data/shop.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

struct Way {
  ServerKind kind;
  Coordinates by;
  const char* name;
};

class FromReplica : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    if (!Server::available(GetParam().kind)) {
      GTEST_SKIP() << to_string(GetParam().kind) << " cannot be had here";
    }
  }
  static Server start() {
    ServerOptions options;
    if (GetParam().kind != ServerKind::mariadb && GetParam().by == Coordinates::file) {
      options.extra = {"--gtid-mode=OFF", "--enforce-gtid-consistency=0"};
    }
    return Server::start(GetParam().kind, options);
  }
};

std::vector<std::string> read_from(const Server& replica) {
  return {"read_from: {socket: " + replica.socket() + "}", "new_log_every: 1 s"};
}

TEST_P(FromReplica, the_shop_moves_under_load_while_the_replica_lags_stops_and_restarts) {
  const Server source = start();
  Server replica = start();
  const Server target = Server::start_mariadb();
  start_replica(replica, source, GetParam().by);
  ShopOptions size;
  size.size = static_cast<unsigned>(sized(300, 5000));
  load_shop(source, size);
  wait_for_replica(replica, source);
  replica.exec_sql("STOP SLAVE SQL_THREAD");
  Wherry wherry(source, target, {"shop.*"},
                "limits:\n  threads: 3\n  memory: 64 MiB\n  rows_per_second: 4000\n",
                read_from(replica));
  Load load(source, {"--threads", "2", "--rate", std::to_string(sized(200, 600))});

  wherry.start();
  wait_until("a replica that stands still to be told", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    return wherry.output().find("source.replica_stopped") != std::string::npos ||
           wherry.output().find("the replica stands still") != std::string::npos;
  });
  EXPECT_EQ(status(wherry)["state"], "copying");
  replica.exec_sql("START SLAVE SQL_THREAD");

  std::mt19937 random(9);
  std::uniform_int_distribution<int> instant(300, 2000);
  for (int i = 0; i < sized(3, 60); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(instant(random)));
    ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
    if (i % 3 == 0) replica.exec_sql("STOP SLAVE SQL_THREAD");
    if (i % 3 == 1) replica.restart();
    wherry.kill9();
    wherry.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(instant(random)));
    if (i % 3 == 0) replica.exec_sql("START SLAVE SQL_THREAD");
  }
  wait_until("everything to be proved once", 150s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["proof"]["all_proved"] == true;
  });
  wherry.kill9();
  const json written = load.finish();
  EXPECT_GT(written.at("committed"), 100) << written;
  run_until_proved(wherry);
  const Comparison comparison = compare_servers(source, target, {"--database", "shop"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
}

TEST_P(FromReplica, what_it_holds_wrongly_arrives_is_found_by_the_proof_and_mended) {
  const Server source = start();
  const Server replica = start();
  const Server target = Server::start_mariadb();
  start_replica(replica, source, GetParam().by);
  source.exec_sql(
      "CREATE DATABASE d; CREATE TABLE d.t (id INT PRIMARY KEY, v INT); "
      "INSERT INTO d.t VALUES (1,1),(2,2),(3,3),(4,4)");
  wait_for_replica(replica, source);
  replica.exec_sql("SET sql_log_bin=0; UPDATE d.t SET v=20 WHERE id=2; DELETE FROM d.t WHERE id=3");
  Wherry wherry(source, target, {"d.*"}, "", read_from(replica));
  wherry.start();
  wait_until("both rows to be found", 60s, [&] {
    if (!wherry.running()) throw std::runtime_error("it ended by itself\n" + wherry.output());
    const json seen = status(wherry);
    return seen.is_object() && seen["proof"]["differences"] == 2;
  });
  // So it was the replica that was read.
  EXPECT_EQ(target.query("SELECT v FROM d.t WHERE id=2").at(0).at(0), "20");
  EXPECT_EQ(wherry.command({"repair"}).exit_code, 0);
  wait_until("both rows to be mended", 60s,
             [&] { return status(wherry)["proof"]["all_proved"] == true; });
  EXPECT_EQ(wherry.stop(30s), 130);
  EXPECT_TRUE(compare_servers(source, target, {"--database", "d"}).equal());
}

INSTANTIATE_TEST_SUITE_P(
    Ways, FromReplica,
    testing::Values(Way{ServerKind::mariadb, Coordinates::gtid, "mariadb_gtid"},
                    Way{ServerKind::mysql57, Coordinates::gtid, "mysql57_gtid"},
                    Way{ServerKind::mysql57, Coordinates::file, "mysql57_file"}),
    [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace wherry::tests
