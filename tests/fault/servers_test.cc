// Either server is killed and comes back, under write load: wherry goes on by itself, and what a
// target lost in its crash is moved again.

#include <chrono>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"
#include "tests/support/way.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

constexpr auto small = "limits:\n  threads: 8\n  memory: 64 MiB\n";

// Who has just been started for the first time and reaches no server is told so, and it ends.
void wait_until_it_began(Wherry& wherry) {
  ASSERT_TRUE(Bed::wait_for(60s, [&] {
    return wherry.output().find("holds the lease") != std::string::npos;
  })) << wherry.output();
}

void sleep_up_to(std::mt19937& random, unsigned most) {
  std::this_thread::sleep_for(std::chrono::milliseconds(50 + random() % most));
}

TEST(Servers, killed_and_restarted_in_turn_under_load_they_end_equal) {
  std::mt19937 random(seed_of_run());
  Bed bed;
  bed.start_load(100'000);
  Wherry wherry(bed.source, bed.target, {"bank.*"}, small);
  wherry.start();
  wait_until_it_began(wherry);
  for (int i = 0; i < times(3); ++i) {
    for (Server* server : {&bed.target, &bed.source}) {
      sleep_up_to(random, 1200);
      server->kill9();
      sleep_up_to(random, 300);
      server->restart();
      ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
    }
  }
  sleep_up_to(random, 2000);
  ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  bed.expect_equal_at_the_end(wherry);
}

class ServersOfKind : public OfKind {};
INSTANTIATE_TEST_SUITE_P(Targets, ServersOfKind,
                         testing::Values(ServerKind::mariadb, ServerKind::mysql57), name_of_kind);

TEST_P(ServersOfKind, a_target_that_lost_its_last_second_of_commits_is_filled_again) {
  // Commits stay in the server's own memory for up to a second, and die with it.
  ServerOptions forgetful;
  forgetful.extra = {"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-log-at-timeout=2",
                     "--skip-log-bin"};
  std::mt19937 random(seed_of_run());
  Bed bed({}, forgetful, GetParam());
  bed.start_load(100'000);
  Wherry wherry(bed.source, bed.target, {"bank.*"}, small);
  wherry.start();
  // From the very start of the stream on, which may be lost too.
  ASSERT_TRUE(Bed::wait_for(60s, [&] {
    const auto status = Bed::status(wherry);
    return status.contains("state") && status["state"] != "planned";
  })) << wherry.output();
  for (int i = 0; i < times(5); ++i) {
    sleep_up_to(random, i == 0 ? 500 : 1500);
    bed.target.kill9();
    bed.target.restart();
    ASSERT_TRUE(wherry.running()) << "it ended by itself\n" << wherry.output();
  }
  // The very process that was there when commits were lost ends with everything proved.
  bed.stop_load();
  EXPECT_TRUE(Bed::wait_for(90s,
                            [&] {
                              const auto status = Bed::status(wherry);
                              if (!status.contains("proof")) return false;
                              return status.value("state", "") == "following" &&
                                     status["proof"]["dirty_keys"] == 0 &&
                                     status["tables"][0]["state"] == "proved";
                            }))
      << Bed::status(wherry) << wherry.output();
  std::this_thread::sleep_for(1s);
  bed.expect_equal();
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  bed.expect_equal_at_the_end(wherry);
}

}  // namespace
}  // namespace wherry::tests
