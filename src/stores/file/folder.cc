#include "stores/file/folder.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stores/file/errors.h"
#include "stores/file/paths.h"

namespace wherry::stores::file {

namespace {

// Enough to walk through and to write in a folder that may not be read.
constexpr int open_to_pass = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

// Who is not root needs the owner's rights on a folder to work in it; the source's mode is set
// again when its content is there.
void let_owner_in(int folder) {
  if (::geteuid() == 0) return;
  struct stat is {};
  constexpr mode_t all = S_IRWXU;
  if (::fstat(folder, &is) != 0 || is.st_uid != ::geteuid() || (is.st_mode & all) == all) return;
  static_cast<void>(::chmod(proc_path(folder).c_str(), (is.st_mode & 07777U) | all));
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Fd::~Fd() {
  if (fd_ >= 0) ::close(fd_);
}

int Fd::release() { return std::exchange(fd_, -1); }

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

std::string proc_path(int folder, std::string_view name) {
  return proc_path(folder) + "/" + std::string(name);
}

std::optional<int> Folders::find(std::string_view path) {
  if (path.empty()) return root_;
  if (folder_ && path_ == path) return folder_.get();
  Fd at;
  for (const auto name : components(path)) {
    Fd next(::openat(at ? at.get() : root_, std::string(name).c_str(), open_to_pass));
    if (!next) return std::nullopt;
    at = std::move(next);
  }
  folder_ = std::move(at);
  path_ = path;
  return folder_.get();
}

int Folders::make(std::string_view path) {
  if (path.empty()) {
    let_owner_in(root_);
    return root_;
  }
  if (folder_ && path_ == path) return folder_.get();
  Fd at;
  std::string so_far;
  for (const auto part : components(path)) {
    const std::string name(part);
    const int above = at ? at.get() : root_;
    so_far = join(so_far, name);
    Fd next(::openat(above, name.c_str(), open_to_pass));
    if (!next && errno == ENOENT) {
      if (::mkdirat(above, name.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        throw_errno(Side::writing, "cannot make the directory", so_far);
      }
      next = Fd(::openat(above, name.c_str(), open_to_pass));
    }
    if (!next) throw_errno(Side::writing, "cannot open the directory", so_far);
    let_owner_in(next.get());
    at = std::move(next);
  }
  folder_ = std::move(at);
  path_ = path;
  return folder_.get();
}

void Folders::forget() { folder_ = Fd(); }

}  // namespace wherry::stores::file
