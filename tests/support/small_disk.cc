#include "tests/support/small_disk.h"

#include <fstream>
#include <string>
#include <utility>

#include <sys/mount.h>

namespace wherry::tests {

SmallDisk::SmallDisk(std::filesystem::path at, unsigned mebibytes) : at_(std::move(at)) {
  std::filesystem::create_directories(at_);
  const std::string options = "size=" + std::to_string(mebibytes) + "m,mode=0700";
  mounted_ = ::mount("wherry-test", at_.c_str(), "tmpfs", 0, options.c_str()) == 0;
}

SmallDisk::~SmallDisk() {
  if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
}

void SmallDisk::fill() {
  std::ofstream out(at_ / "filler", std::ios::binary);
  const std::string block(4096, 'x');
  while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
  }
}

void SmallDisk::empty() { std::filesystem::remove(at_ / "filler"); }

}  // namespace wherry::tests
