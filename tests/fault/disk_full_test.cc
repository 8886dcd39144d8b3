// The disk of the journal fills up: a clear stop, and nothing is lost once there is space again.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/fault/bed.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path at) : at_(std::move(at)) {
    std::filesystem::create_directories(at_);
    mounted_ = ::mount("wherry-test", at_.c_str(), "tmpfs", 0, "size=4m,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  void fill() {
    std::ofstream out(at_ / "filler", std::ios::binary);
    const std::string block(4096, 'x');
    while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  void empty() { std::filesystem::remove(at_ / "filler"); }

 private:
  std::filesystem::path at_;
  bool mounted_ = false;
};

TEST(DiskFull, of_the_journal_it_is_a_clear_stop_and_nothing_is_lost_after) {
  Bed bed;
  bed.start_load(50'000);
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 8\n  memory: 64 MiB\n");
  SmallDisk disk(wherry.directory() / "journal");
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
