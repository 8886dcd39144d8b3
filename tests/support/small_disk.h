// A directory whose disk fills up when a test wants it to: a file system of its own, in memory.
//
// Thread-safety: one thread. Ownership: the destructor unmounts it; what was in it is gone.
#pragma once

#include <filesystem>

namespace wherry::tests {

class SmallDisk {
 public:
  SmallDisk(std::filesystem::path at, unsigned mebibytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // False: this user may not mount; `at` is a directory like others.
  bool mounted() const { return mounted_; }
  // No byte is free then. Requires: mounted().
  void fill();
  void empty();

 private:
  std::filesystem::path at_;
  bool mounted_ = false;
};

}  // namespace wherry::tests
