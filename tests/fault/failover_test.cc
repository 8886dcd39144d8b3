// A promoted replica takes the place of the source or of the target, at the same address or by a
// changed configuration: the migration goes on where that is safe, and stops by name where it is
// not.

#include <chrono>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"
#include "tests/support/compare.h"
#include "tests/support/gate/gate.h"
#include "tests/support/load/writers.h"
#include "tests/support/replica.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

constexpr auto small = "limits:\n  threads: 4\n  memory: 64 MiB\n";
constexpr auto table = "bank.t1";

std::string address(const Server& server) { return "127.0.0.1:" + std::to_string(server.port()); }

// What it holds already is told by GTIDs.
void follow_by_gtid(const Server& replica, const Server& primary, ServerKind kind) {
  replica.exec_sql("STOP SLAVE");
  replica.exec_sql(
      "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_USER='root', MASTER_PORT=" +
      std::to_string(primary.port()) +
      (kind == ServerKind::mariadb ? ", MASTER_USE_GTID=slave_pos" : ", MASTER_AUTO_POSITION=1"));
  replica.exec_sql("START SLAVE");
}

// A primary, its replica, and an address at which one of them answers.
class Pair {
 public:
  explicit Pair(ServerKind kind) : kind_(kind) { follow_by_gtid(replica_, primary_, kind); }

  Server& primary() { return primary_; }
  Server& replica() { return replica_; }
  Gate& gate() { return gate_; }

  std::string history(const Server& server) const {
    const bool mariadb = kind_ == ServerKind::mariadb;
    return server
        .query(mariadb ? "SELECT @@GLOBAL.gtid_binlog_pos" : "SELECT @@GLOBAL.gtid_executed")
        .at(0)
        .at(0)
        .value_or("");
  }
  void wait_until_replicated() {
    ASSERT_TRUE(Bed::wait_for(60s, [&] { return history(primary_) == history(replica_); }))
        << history(primary_) << " is not " << history(replica_);
  }
  bool has_received_all() const {
    const Rows status = primary_.query("SHOW MASTER STATUS");
    Connection replica = replica_.connect();
    const Rows seen = replica.query("SHOW SLAVE STATUS");
    return seen.at(0).at(5) == status.at(0).at(0) && seen.at(0).at(6) == status.at(0).at(1);
  }
  void stop_replication() { replica_.exec_sql("STOP SLAVE"); }
  // What it has received and not applied is lost.
  void promote() {
    replica_.exec_sql("STOP SLAVE");
    replica_.exec_sql("RESET SLAVE ALL");
    replica_.exec_sql("SET GLOBAL read_only=0");
  }
  void answer_by_replica() { gate_.forward_to(address(replica_)); }
  // Under write load, and nothing that was committed is lost.
  void fail_over() {
    Connection lock = primary_.connect();
    lock.exec("FLUSH TABLES WITH READ LOCK");
    wait_until_replicated();
    primary_.kill9();
    promote();
    answer_by_replica();
  }

 private:
  ServerKind kind_;
  Server primary_ = Server::start(kind_);
  Server replica_ = Server::start(kind_);
  Gate gate_{address(primary_)};
};

std::string fingerprint(const Server& server) {
  const Rows rows =
      server.query("SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, v, n, u, ts))) FROM bank.t1");
  return rows.at(0).at(0).value() + " " + rows.at(0).at(1).value_or("");
}

class Failover : public OfKind {
 protected:
  static void fill(const Server& server, int rows) {
    Connection connection = server.connect();
    create_simple_table(connection, table, static_cast<std::uint64_t>(rows), seed_of_run());
  }
  static Writers writers(unsigned port) {
    WriterOptions options;
    options.endpoint.port = port;
    options.seed = seed_of_run();
    options.threads = 2;
    options.rate = 300;
    return Writers(options, simple_writes(table));
  }
  // The last run that was told to go on until everything is proved, and somebody else's opinion.
  static void expect_ends_equal(Wherry& wherry, const Server& source, const Server& target) {
    wherry.start({"--until", "proved"});
    EXPECT_EQ(wherry.wait(180s), 0) << wherry.output();
    const Comparison comparison = compare_servers(source, target, {"--database", "bank"});
    EXPECT_TRUE(comparison.equal()) << comparison.output;
  }
  static std::string history_of(const Wherry& wherry) { return wherry.command({"history"}).output; }
  static void expect_stops(Wherry& wherry, const std::string& code) {
    wherry.start();
    EXPECT_EQ(wherry.wait(60s), 1) << wherry.output();
    EXPECT_NE(wherry.output().find(code), std::string::npos) << wherry.output();
  }
};

INSTANTIATE_TEST_SUITE_P(Kinds, Failover,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql57,
                                         ServerKind::mysql56),
                         name_of_kind);

TEST_P(Failover, a_promoted_replica_of_the_source_is_followed_on_under_load) {
  Pair source(GetParam());
  Server target = Server::start_mariadb();
  fill(source.primary(), 60'000);
  Wherry wherry(source.primary(), target, {"bank.*"}, small);
  Bed::use_ports(wherry, source.gate().port(), target.port());
  {
    const Writers load = writers(source.gate().port());
    wherry.start();
    ASSERT_TRUE(Bed::wait_for(60s, [&] {
      return Bed::status(wherry).value("state", "planned") != "planned";
    })) << wherry.output();
    // Until the log was read from its start on, XA transactions may be prepared there.
    ASSERT_TRUE(Bed::wait_for(60s, [&] {
      const std::string status = Bed::status(wherry).dump();
      return status.find("mysql-bin") != std::string::npos &&
             status.find(" since ") == std::string::npos;
    })) << wherry.output();
    // Saved, it counts.
    std::this_thread::sleep_for(3s);
    source.fail_over();
    EXPECT_TRUE(Bed::wait_for(90s, [&] {
      return history_of(wherry).find(": from ") != std::string::npos &&
             Bed::status(wherry).value("state", "") == "following";
    })) << wherry.output();
    std::this_thread::sleep_for(1s);
  }
  ASSERT_TRUE(wherry.running()) << wherry.output();
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  expect_ends_equal(wherry, source.replica(), target);
}

TEST_P(Failover, a_configuration_that_names_the_promoted_replica_is_followed_on) {
  Pair source(GetParam());
  Server target = Server::start_mariadb();
  fill(source.primary(), 5'000);
  Wherry wherry(source.primary(), target, {"bank.*"}, small);
  Bed::use_ports(wherry, source.primary().port(), target.port());
  wherry.start({"--until", "proved"});
  ASSERT_EQ(wherry.wait(120s), 0) << wherry.output();

  source.primary().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999998, 1)");
  source.fail_over();
  // The log of the new one is elsewhere already, and in another file.
  source.replica().exec_sql("FLUSH BINARY LOGS");
  source.replica().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999999, 2)");
  source.replica().exec_sql("DELETE FROM bank.t1 WHERE id < 100");
  std::ostringstream text;
  text << std::ifstream(wherry.config()).rdbuf();
  std::string config = text.str();
  const std::string old_port = "port: " + std::to_string(source.primary().port());
  config.replace(config.find(old_port), old_port.size(),
                 "port: " + std::to_string(source.replica().port()));
  std::ofstream(wherry.config()) << config;
  expect_ends_equal(wherry, source.replica(), target);
  EXPECT_NE(history_of(wherry).find(": from "), std::string::npos);
}

TEST_P(Failover, a_replica_that_lacks_what_was_applied_is_refused) {
  Pair source(GetParam());
  Server target = Server::start_mariadb();
  fill(source.primary(), 5'000);
  Wherry wherry(source.primary(), target, {"bank.*"}, small);
  Bed::use_ports(wherry, source.gate().port(), target.port());
  source.wait_until_replicated();
  source.stop_replication();
  source.primary().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999998, 1)");
  wherry.start({"--until", "proved"});
  ASSERT_EQ(wherry.wait(120s), 0) << wherry.output();
  const std::string before = fingerprint(target);

  source.primary().kill9();
  source.promote();
  source.answer_by_replica();
  expect_stops(wherry, "source.lost_transactions");
  // Its own transaction has the number of the lost one where numbers are not by server.
  source.replica().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999997, 2)");
  source.replica().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999996, 3)");
  expect_stops(wherry, "source.lost_transactions");
  EXPECT_EQ(fingerprint(target), before);
  EXPECT_EQ(history_of(wherry).find(": from "), std::string::npos);
}

TEST_P(Failover, a_replica_that_has_not_applied_yet_what_was_applied_is_waited_for) {
  Pair source(GetParam());
  Server target = Server::start_mariadb();
  fill(source.primary(), 5'000);
  Wherry wherry(source.primary(), target, {"bank.*"}, small);
  Bed::use_ports(wherry, source.gate().port(), target.port());
  source.wait_until_replicated();
  Connection lock = source.replica().connect();
  lock.exec("FLUSH TABLES WITH READ LOCK");
  source.primary().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999998, 1)");
  wherry.start({"--until", "proved"});
  ASSERT_EQ(wherry.wait(120s), 0) << wherry.output();
  ASSERT_TRUE(Bed::wait_for(60s, [&] { return source.has_received_all(); }));
  const std::string before = fingerprint(target);

  source.primary().kill9();
  source.answer_by_replica();
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(60s, [&] {
    return Bed::status(wherry).dump().find("source.behind") != std::string::npos;
  })) << wherry.output();
  EXPECT_EQ(fingerprint(target), before);
  lock.exec("UNLOCK TABLES");
  ASSERT_TRUE(Bed::wait_for(60s, [&] {
    const auto status = Bed::status(wherry);
    return !status.empty() && status.dump().find("source.behind") == std::string::npos;
  })) << wherry.output();
  source.promote();
  source.replica().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999999, 2)");
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  expect_ends_equal(wherry, source.replica(), target);
}

// So it is for a migration's first seconds, too, until its log was read from the start on.
TEST_P(Failover, while_a_transaction_is_prepared_another_source_is_refused) {
  if (GetParam() == ServerKind::mysql56) GTEST_SKIP() << "its log has an XA transaction at its end";
  Pair source(GetParam());
  Server target = Server::start_mariadb();
  fill(source.primary(), 5'000);
  Wherry wherry(source.primary(), target, {"bank.*"}, small);
  Bed::use_ports(wherry, source.gate().port(), target.port());
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(60s, [&] {
    return Bed::status(wherry).value("state", "") == "following";
  })) << wherry.output();
  source.primary().exec_sql(
      "XA START 'x'; INSERT INTO bank.t1 (id, n) VALUES (99999997, 1); XA END 'x'; XA PREPARE 'x'");
  source.primary().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999998, 1)");
  ASSERT_TRUE(Bed::wait_for(60s, [&] {
    const Rows saved = target.query("SELECT position FROM _wherry.stream");
    return saved.at(0).at(0).value_or("").find(" since ") != std::string::npos;
  })) << wherry.output();
  const std::string before = fingerprint(target);
  source.wait_until_replicated();
  source.primary().kill9();
  source.promote();
  source.answer_by_replica();
  EXPECT_EQ(wherry.wait(60s), 1) << wherry.output();
  EXPECT_NE(wherry.output().find("source.xa_pending"), std::string::npos) << wherry.output();
  EXPECT_EQ(fingerprint(target), before);
}

TEST_P(Failover, copying_from_a_replica_goes_on_when_that_follows_the_new_source) {
  Pair source(GetParam());
  Server reader = Server::start(GetParam());
  Server target = Server::start_mariadb();
  start_replica(reader, source.primary(), Coordinates::gtid);
  fill(source.primary(), 40'000);
  wait_for_replica(reader, source.primary());
  Wherry wherry(source.primary(), target, {"bank.*"},
                "limits:\n  threads: 2\n  memory: 64 MiB\n  rows_per_second: 4000\n",
                {"read_from: {socket: " + reader.socket() + "}"});
  Bed::use_ports(wherry, source.gate().port(), target.port());
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(60s, [&] {
    return Bed::status(wherry).value("state", "planned") != "planned" &&
           target.query("SELECT COUNT(*) FROM bank.t1").at(0).at(0).value() != "0";
  })) << wherry.output();
  source.primary().exec_sql("UPDATE bank.t1 SET n = n + 1 WHERE id < 50");
  source.fail_over();
  source.replica().exec_sql("DELETE FROM bank.t1 WHERE id BETWEEN 50 AND 99");

  // It replicates from the old one still: nothing says where its rows stand in the new one's log.
  ASSERT_EQ(wherry.wait(90s), 1) << wherry.output();
  for (const std::string& part :
       {std::string("source.replica_other_primary"), std::string("CHANGE MASTER TO"),
        "which has server id " + std::to_string(source.replica().server_id()),
        "from the server with id " + std::to_string(source.primary().server_id())}) {
    EXPECT_NE(wherry.output().find(part), std::string::npos) << part << "\n" << wherry.output();
  }
  ASSERT_LT(std::stoul(target.query("SELECT COUNT(*) FROM bank.t1").at(0).at(0).value()), 39'000U)
      << "all was copied before";
  follow_by_gtid(reader, source.replica(), GetParam());
  expect_ends_equal(wherry, source.replica(), target);
  EXPECT_NE(history_of(wherry).find(": from "), std::string::npos) << wherry.output();
}

TEST_P(Failover, a_replica_that_purged_what_was_not_applied_is_refused) {
  Pair source(GetParam());
  Server target = Server::start_mariadb();
  fill(source.primary(), 5'000);
  Wherry wherry(source.primary(), target, {"bank.*"}, small);
  Bed::use_ports(wherry, source.gate().port(), target.port());
  wherry.start({"--until", "proved"});
  ASSERT_EQ(wherry.wait(120s), 0) << wherry.output();
  const std::string before = fingerprint(target);

  source.primary().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999998, 1)");
  source.fail_over();
  source.replica().exec_sql("FLUSH BINARY LOGS");
  source.replica().exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999999, 1)");
  const Rows logs = source.replica().query("SHOW BINARY LOGS");
  ASSERT_TRUE(Bed::wait_for(30s, [&] {
    source.replica().exec_sql("PURGE BINARY LOGS TO '" + logs.back().at(0).value() + "'");
    return source.replica().query("SHOW BINARY LOGS").size() == 1;
  }));
  expect_stops(wherry, "source.log_purged");
  EXPECT_EQ(fingerprint(target), before);
}

TEST_P(Failover, a_promoted_replica_of_the_target_is_written_on_under_load) {
  Server source = Server::start(GetParam());
  Pair target(GetParam());
  fill(source, 60'000);
  Wherry wherry(source, target.primary(), {"bank.*"}, small);
  Bed::use_ports(wherry, source.port(), target.gate().port());
  {
    const Writers load = writers(source.port());
    wherry.start();
    ASSERT_TRUE(Bed::wait_for(60s, [&] {
      return Bed::status(wherry).value("state", "planned") != "planned";
    })) << wherry.output();
    std::this_thread::sleep_for(500ms);
    // What is written from here on will be missing.
    target.stop_replication();
    std::this_thread::sleep_for(1s);
    target.replica().exec_sql("SET GLOBAL read_only=1");
    target.primary().kill9();
    target.answer_by_replica();
    ASSERT_TRUE(Bed::wait_for(60s, [&] {
      return Bed::status(wherry).dump().find("target.not_promoted") != std::string::npos;
    })) << wherry.output();
    const std::string before = target.history(target.replica());
    std::this_thread::sleep_for(500ms);
    EXPECT_EQ(target.history(target.replica()), before) << "it was written though it is a replica";
    target.promote();
    ASSERT_TRUE(Bed::wait_for(90s, [&] {
      return !wherry.running() || Bed::status(wherry).value("state", "") == "following";
    }));
    std::this_thread::sleep_for(1s);
  }
  ASSERT_TRUE(wherry.running()) << wherry.output();
  EXPECT_EQ(Bed::status(wherry).dump().find("target.not_promoted"), std::string::npos);
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  EXPECT_NE(history_of(wherry).find(": from "), std::string::npos) << wherry.output();
  expect_ends_equal(wherry, source, target.replica());
}

}  // namespace
}  // namespace wherry::tests
