// The first promise: whenever wherry is killed, under write load, it goes on from there and nothing
// is lost. Real servers, the real binary, kill -9 at random instants, and a comparison that shares
// nothing with the prover. WHERRY_KILLS and WHERRY_SEED choose how many and which;
// WHERRY_SOAK makes it 100.

#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/compare.h"
#include "tests/support/wherry.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

int from_environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

TEST(Kill, nothing_is_lost_by_kill_9_at_random_instants_under_write_load) {
  const int kills =
      from_environment("WHERRY_KILLS", std::getenv("WHERRY_SOAK") == nullptr ? 12 : 100);
  const auto seed = static_cast<unsigned>(from_environment("WHERRY_SEED", 1));
  RecordProperty("seed", static_cast<int>(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> instant(20, 1500);

  const Server source = Server::start_mariadb();
  const Server target = Server::start_mariadb();
  TemporaryDirectory logs("kill");
  // Small chunks and many of them, so that a kill falls into every phase.
  Wherry wherry(source, target, {"bank.*"}, "limits:\n  threads: 4\n  memory: 64 MiB\n");
  Program load(
      {WHERRY_LOAD, "--socket", source.socket(), "--user", "root", "--simple", "bank.t1", "--rows",
       "200000", "--threads", "2", "--rate", "1500", "--seed", std::to_string(seed)},
      logs.path() / "load.log");
  while (load.output().find("writing") == std::string::npos) {
    ASSERT_TRUE(load.running()) << load.output();
    std::this_thread::sleep_for(50ms);
  }
  const auto checksum = [&] { return source.query("CHECKSUM TABLE bank.t1").at(0).at(1); };
  const auto began = checksum();

  for (int i = 0; i < kills; ++i) {
    wherry.start();
    std::this_thread::sleep_for(std::chrono::milliseconds(instant(random)));
    ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
    wherry.kill9();
  }

  load.send(SIGTERM);
  ASSERT_EQ(load.wait(30s), 0) << load.output();
  wherry.start({"--until", "proved"});
  ASSERT_EQ(wherry.wait(180s), 0) << wherry.output();
  const Comparison comparison = compare_servers(source, target, {"--database", "bank"});
  EXPECT_TRUE(comparison.equal()) << comparison.output << wherry.output();
  // It was not equal because there was nothing: the load did change the rows while they moved.
  EXPECT_NE(checksum(), began);
}

}  // namespace
}  // namespace wherry::tests
