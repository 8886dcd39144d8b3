#include "journal/lock_file.h"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::journal {

using base::Error;
using base::ErrorKind;

namespace {

[[noreturn]] void throw_path(const std::string& path, int error) {
  throw Error(ErrorKind::rejected, "journal.path",
              "the journal's lock cannot be taken: " + std::generic_category().message(error),
              base::printable(path));
}

// What the holder wrote; it may be about to.
std::string holder(int file) {
  std::array<char, 32> text{};
  const ssize_t size = pread(file, text.data(), text.size(), 0);
  if (size <= 0) return "another process";
  return "process " + std::string(text.data(), static_cast<std::size_t>(size));
}

}  // namespace

// The file is never removed: a process could lock a file that has no name any more.
LockFile::LockFile(const std::string& path)
    : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
  if (file_ < 0) throw_path(path, errno);
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string who = error == EWOULDBLOCK ? holder(file_) : "";
    close(file_);
    if (error != EWOULDBLOCK) throw_path(path, error);
    throw Error(ErrorKind::rejected, "journal.held", "the journal is in use by " + who,
                base::printable(path));
  }
  const std::string me = std::to_string(getpid());
  if (ftruncate(file_, 0) != 0 ||
      pwrite(file_, me.data(), me.size(), 0) != static_cast<ssize_t>(me.size())) {
    const int error = errno;
    close(file_);
    throw_path(path, error);
  }
}

LockFile::~LockFile() { close(file_); }

}  // namespace wherry::journal
