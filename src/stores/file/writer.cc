#include "stores/file/writer.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stores/file/errors.h"

namespace wherry::stores::file {

using contract::ObjectInfo;
using contract::ObjectKind;

namespace {

constexpr std::size_t buffer_bytes = 1U << 20U;

Place place_in_tree(const std::string& path) {
  auto place = place_of(path);
  if (!place) {
    errno = EISDIR;
    throw_errno(Side::writing, "the tree's root stays a directory", path);
  }
  return *std::move(place);
}

// A file under a name that is not its own yet; gone with this unless it was renamed.
class Unfinished {
 public:
  explicit Unfinished(int folder) : folder_(folder), name_(unfinished_name()) {}
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  // Also after a rename: between two names of one file it does nothing.
  ~Unfinished() { ::unlinkat(folder_, name_.c_str(), 0); }

  const char* name() const { return name_.c_str(); }
  void rename_to(const std::string& name, const std::string& path) {
    if (::renameat(folder_, name_.c_str(), folder_, name.c_str()) != 0) {
      throw_errno(Side::writing, "cannot replace", path);
    }
  }

 private:
  int folder_;
  std::string name_;
};

}  // namespace

Writer::Writer(Fd root, Carried carried)
    : root_(std::move(root)),
      carried_(carried),
      folders_(root_.get()),
      sources_of_links_(root_.get()),
      buffer_(buffer_bytes) {}

void Writer::write(int file, const ObjectInfo& object, contract::ObjectBody& body,
                   const std::string& path) {
  while (const auto piece = body.read(buffer_)) {
    std::size_t written = 0;
    while (written < piece->size) {
      const ssize_t n = ::pwrite(file, buffer_.data() + written, piece->size - written,
                                 static_cast<off_t>(piece->offset + written));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw_errno(Side::writing, "cannot write", path);
      written += static_cast<std::size_t>(n);
    }
  }
  // A hole at the end.
  if (::ftruncate(file, static_cast<off_t>(object.size)) != 0) {
    throw_errno(Side::writing, "cannot set the size", path);
  }
}

void Writer::put(const ObjectInfo& object, contract::ObjectBody& body) {
  const std::string path = path_of(object.key);
  const Place place = place_in_tree(path);
  const int folder = folders_.make(place.folder);
  Unfinished unfinished(folder);
  const Fd file(::openat(folder, unfinished.name(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) {
    const int why = errno;
    folders_.forget();
    errno = why;
    throw_errno(Side::writing, "cannot make the file", path);
  }
  write(file.get(), object, body, path);
  apply(file.get(), object, path, carried_);
  unfinished.rename_to(place.name, path);
}

void Writer::make_directory(int folder, const std::string& name, const std::string& path) {
  if (::mkdirat(folder, name.c_str(), S_IRWXU) == 0) return;
  if (errno == EEXIST) {
    struct stat is {};
    if (::fstatat(folder, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(is.st_mode)) {
      return;
    }
    if (::unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) {
      throw_errno(Side::writing, "cannot replace", path);
    }
    if (::mkdirat(folder, name.c_str(), S_IRWXU) == 0) return;
  }
  throw_errno(Side::writing, "cannot make the directory", path);
}

void Writer::make(const ObjectInfo& object) {
  const std::string path = path_of(object.key);
  if (path.empty()) return;
  const Place place = place_in_tree(path);
  const int folder = folders_.make(place.folder);
  if (object.kind == ObjectKind::directory) return make_directory(folder, place.name, path);
  const auto& target = object.attributes.at("link_target");
  Unfinished unfinished(folder);
  if (::symlinkat(target.c_str(), folder, unfinished.name()) != 0) {
    throw_errno(Side::writing, "cannot make the symlink", path);
  }
  const Fd made(::openat(folder, unfinished.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!made) throw_errno(Side::writing, "cannot open the symlink", path);
  apply(made.get(), object, path, carried_);
  unfinished.rename_to(place.name, path);
}

void Writer::link(const model::Key& existing, const model::Key& key) {
  const std::string path = path_of(key);
  const Place from = place_in_tree(path_of(existing));
  const Place to = place_in_tree(path);
  const int folder = folders_.make(to.folder);
  const auto source = sources_of_links_.find(from.folder);
  if (!source) {
    sources_of_links_.forget();
    throw_errno(Side::writing, "cannot open the directory of the file to link to", path);
  }
  Unfinished unfinished(folder);
  if (::linkat(*source, from.name.c_str(), folder, unfinished.name(), 0) != 0) {
    const int why = errno;
    sources_of_links_.forget();
    errno = why;
    throw_errno(Side::writing, "cannot make the hard link", path);
  }
  unfinished.rename_to(to.name, path);
}

void Writer::set_attributes(const ObjectInfo& object) {
  const std::string path = path_of(object.key);
  const auto place = place_of(path);
  const int folder = folders_.make(place ? place->folder : "");
  const Fd item(
      ::openat(folder, place ? place->name.c_str() : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!item) throw_errno(Side::writing, "cannot open", path);
  struct stat is {};
  if (::fstat(item.get(), &is) != 0) throw_errno(Side::writing, "cannot look at it", path);
  const mode_t wanted = object.kind == ObjectKind::directory ? S_IFDIR
                        : object.kind == ObjectKind::symlink ? S_IFLNK
                                                             : S_IFREG;
  if ((is.st_mode & S_IFMT) != wanted) {
    errno = EEXIST;
    throw_errno(Side::writing, "it is something else on the target", path);
  }
  apply(item.get(), object, path, carried_);
}

void Writer::remove(const model::Key& key) {
  const std::string path = path_of(key);
  const Place place = place_in_tree(path);
  const auto folder = folders_.find(place.folder);
  if (!folder) {
    if (errno == ENOENT) return;
    throw_errno(Side::writing, "cannot open the directory of", path);
  }
  folders_.make(place.folder);
  int done = ::unlinkat(*folder, place.name.c_str(), 0);
  if (done != 0 && errno == EISDIR) {
    done = ::unlinkat(*folder, place.name.c_str(), AT_REMOVEDIR);
    folders_.forget();
  }
  if (done != 0 && errno != ENOENT) throw_errno(Side::writing, "cannot remove", path);
}

void Writer::sync() {
  if (::syncfs(root_.get()) != 0) throw_errno(Side::writing, "cannot sync the file system", "");
}

}  // namespace wherry::stores::file
