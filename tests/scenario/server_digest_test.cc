// Where the servers digest their rows themselves, a proof of everything takes none over the wire.

#include <chrono>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "tests/scenario/rows_scene.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::uint64_t sent(const Server& server) {
  return std::stoull(server.query("SHOW GLOBAL STATUS LIKE 'Bytes_sent'").at(0).at(1).value());
}

TEST(ServerDigest, proves_every_row_and_sends_none) {
  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  source.exec_sql(
      "CREATE DATABASE s; USE s; CREATE TABLE ten (n INT PRIMARY KEY); INSERT INTO ten VALUES "
      "(0),(1),(2),(3),(4),(5),(6),(7),(8),(9); CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, "
      "a VARCHAR(400) CHARACTER SET latin1, b TEXT CHARACTER SET utf8mb4, d DOUBLE); "
      "INSERT INTO t (a, b, d) SELECT REPEAT(CHAR(0xe4 USING latin1), 300), REPEAT('é', 50), a.n/3 "
      "FROM ten a, ten b, ten c, ten d");
  constexpr std::uint64_t bytes = 10'000 * 400;
  Wherry wherry(source, target, {"s.*"}, "verify: {way: server}\n");
  wherry.start();
  wait_until("everything to be proved", 60s, [&] {
    const json seen = status(wherry);
    return seen.is_object() && seen["proof"]["all_proved"] == true;
  });
  // The target's log is opened beside the first proof; that reads all definitions there are, once.
  (void)ask(wherry, {"verify"});
  const std::uint64_t before = sent(source) + sent(target);
  const json verified = ask(wherry, {"verify"});
  EXPECT_EQ(verified["proof"]["all_proved"], true) << verified.dump(1);
  EXPECT_LT(sent(source) + sent(target) - before, bytes / 20);
  EXPECT_EQ(wherry.stop(60s), 130);
}

}  // namespace
}  // namespace wherry::tests
