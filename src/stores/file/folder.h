#pragma once
// Open folders. Every path is walked name by name from the tree's root without following a
// symlink, so nothing outside the tree is ever reached, whatever is on the disk. Thread-safety: one
// thread an object.

#include <optional>
#include <string>
#include <string_view>

namespace wherry::stores::file {

// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();
  int get() const { return fd_; }
  int release();
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// How the kernel calls an open file, or a name in an open folder, for calls that take only paths.
std::string proc_path(int fd);
std::string proc_path(int folder, std::string_view name);

class Folders {
 public:
  // `root` is borrowed and outlives this.
  explicit Folders(int root) : root_(root) {}

  // The folder, open; errno tells why not. Valid until the next call.
  std::optional<int> find(std::string_view path);
  // Makes what is missing of it (for nobody but the owner, until attributes are set) and sees that
  // its owner may write to it. Throws.
  int make(std::string_view path);
  void forget();  // it may have been replaced on the disk

 private:
  int root_;
  std::string path_;  // of folder_; the root has none
  Fd folder_;
};

}  // namespace wherry::stores::file
