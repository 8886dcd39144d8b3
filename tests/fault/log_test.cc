// What happens to the source's change log: it is rotated, purged, or another server's.

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

std::string fingerprint(const Server& server) {
  const Rows rows =
      server.query("SELECT COUNT(*), SUM(CRC32(CONCAT_WS('|', id, v, n, u, ts))) FROM bank.t1");
  return rows.at(0).at(0).value() + " " + rows.at(0).at(1).value_or("");
}

TEST(Log, rotated_all_the_time_under_load_it_is_followed) {
  Bed bed;
  bed.start_load(50'000);
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 2\n  memory: 64 MiB\n");
  wherry.start();
  for (int i = 0; i < times(25); ++i) {
    std::this_thread::sleep_for(150ms);
    bed.source.exec_sql("FLUSH BINARY LOGS");
  }
  EXPECT_TRUE(wherry.running()) << wherry.output();
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  bed.expect_equal_at_the_end(wherry);
}

TEST(Log, purged_while_wherry_was_away_it_is_a_clear_stop_and_nothing_is_written) {
  Bed bed;
  bed.start_load(10'000, 300);
  Wherry wherry(bed.source, bed.target, {"bank.*"});
  wherry.start({"--until", "copied"});
  ASSERT_EQ(wherry.wait(60s), 0) << wherry.output();
  std::this_thread::sleep_for(500ms);
  bed.stop_load();
  bed.source.exec_sql("FLUSH BINARY LOGS");
  bed.source.exec_sql("INSERT INTO bank.t1 (id, n) VALUES (99999999, 1)");
  const Rows logs = bed.source.query("SHOW BINARY LOGS");
  // The server keeps a log while it still sends it to the reader that has gone.
  ASSERT_TRUE(Bed::wait_for(30s, [&] {
    bed.source.exec_sql("PURGE BINARY LOGS TO '" + logs.back().at(0).value() + "'");
    return bed.source.query("SHOW BINARY LOGS").size() == 1;
  }));

  const std::string before = fingerprint(bed.target);
  wherry.start();
  EXPECT_EQ(wherry.wait(30s), 1) << wherry.output();
  EXPECT_NE(wherry.output().find("source.log_purged"), std::string::npos) << wherry.output();
  EXPECT_EQ(fingerprint(bed.target), before);
  EXPECT_NE(fingerprint(bed.source), before);
}

TEST(Log, another_server_at_the_same_address_is_refused) {
  Bed bed;
  bed.start_load(10'000, 300);
  bed.stop_load();
  Wherry wherry(bed.source, bed.target, {"bank.*"});
  Bed::use_ports(wherry, bed.source.port(), bed.target.port());
  wherry.start({"--until", "proved"});
  ASSERT_EQ(wherry.wait(60s), 0) << wherry.output();
  const std::string before = fingerprint(bed.target);

  const auto stands_in_for = [](Server& server) {
    server.shut_down();
    ServerOptions same_address;
    same_address.port = server.port();
    same_address.server_id = server.server_id();
    Server other = Server::start_mariadb(same_address);
    other.exec_sql("CREATE DATABASE bank; CREATE TABLE bank.t1 (id BIGINT NOT NULL PRIMARY KEY)");
    return other;
  };
  {
    const Server other = stands_in_for(bed.source);
    wherry.start();
    EXPECT_EQ(wherry.wait(30s), 1) << wherry.output();
    EXPECT_NE(wherry.output().find("source.lost_transactions"), std::string::npos)
        << wherry.output();
    EXPECT_EQ(fingerprint(bed.target), before);
  }
  bed.source.restart();
  {
    const Server other = stands_in_for(bed.target);
    wherry.start();
    EXPECT_EQ(wherry.wait(30s), 1) << wherry.output();
    EXPECT_NE(wherry.output().find("target.not_a_copy"), std::string::npos) << wherry.output();
    EXPECT_EQ(other.query("SHOW DATABASES LIKE '\\_wherry'").size(), 0U);
  }
  bed.target.restart();
  bed.expect_equal_at_the_end(wherry);
}

}  // namespace
}  // namespace wherry::tests
