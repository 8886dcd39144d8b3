// The disk of the journal fills up: a clear stop, and nothing is lost once there is space again.

#include <chrono>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"
#include "tests/support/small_disk.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

TEST(DiskFull, of_the_journal_it_is_a_clear_stop_and_nothing_is_lost_after) {
  Bed bed;
  bed.start_load(50'000);
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 8\n  memory: 64 MiB\n");
  SmallDisk disk(wherry.directory() / "journal", 4);
  if (!disk.mounted()) GTEST_SKIP() << "this user may not mount a small disk";
  for (const auto after : {400ms, 3000ms}) {
    wherry.start();
    std::this_thread::sleep_for(after);
    ASSERT_TRUE(wherry.running()) << wherry.output();
    disk.fill();
    EXPECT_EQ(wherry.wait(30s), 1) << wherry.output();
    EXPECT_NE(wherry.output().find("journal."), std::string::npos) << wherry.output();
    EXPECT_NE(wherry.output().find("full"), std::string::npos) << wherry.output();
    disk.empty();
  }
  bed.expect_equal_at_the_end(wherry);
}

}  // namespace
}  // namespace wherry::tests
