#pragma once
// A file that one process at a time can hold, and that tells who does. The lock ends with the
// process, however it ends.

#include <string>

namespace wherry::journal {

class LockFile {
 public:
  // Throws Error(rejected, "journal.held") naming the holder, or Error(rejected, "journal.path").
  explicit LockFile(const std::string& path);
  ~LockFile();
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;

 private:
  int file_;
};

}  // namespace wherry::journal
