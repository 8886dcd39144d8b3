#include "stores/file/store.h"

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/file/errors.h"
#include "stores/file/paths.h"
#include "stores/file/reader.h"
#include "stores/file/writer.h"

namespace wherry::stores::file {

using base::Error;
using base::ErrorKind;

Store::Store(const std::string& root, Carried carried)
    : path_(std::filesystem::absolute(root).string()), carried_(carried) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
}

std::string Store::describe() const { return "directory " + base::printable(path_); }

Fd Store::open_root() const {
  Fd root(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) {
    throw Error(ErrorKind::rejected, "file.root",
                "the directory cannot be opened: " + std::generic_category().message(errno),
                base::printable(path_));
  }
  return root;
}

std::string Store::identity() const {
  const Fd root = open_root();
  struct stat is {};
  if (::fstat(root.get(), &is) != 0) throw_errno(Side::reading, "cannot look at it", path_);
  std::error_code error;
  const auto real = std::filesystem::canonical(path_, error);
  // Not the device's number: it may be another one after the machine was started again.
  return fmt::format("{} inode {}", base::printable(error ? path_ : real.string()), is.st_ino);
}

std::vector<std::string> Store::ancestry() const {
  std::vector<std::string> out;
  // Of a place that is to be made, what of it is there.
  std::error_code error;
  const auto real = std::filesystem::weakly_canonical(path_, error);
  std::filesystem::path so_far;
  for (const auto& part : error ? std::filesystem::path(path_) : real) {
    if (part.empty()) continue;
    so_far /= part;
    struct stat is {};
    if (::stat(so_far.c_str(), &is) == 0) {
      out.push_back(fmt::format("{}:{}", is.st_dev, is.st_ino));
    } else {
      out.push_back("name " + so_far.string());
    }
  }
  return out;
}

std::vector<model::Finding> Store::assess(bool as_target) const {
  std::vector<model::Finding> out;
  const std::string side = as_target ? "target" : "source";
  const auto blocker = [&](const char* code, const std::string& why, const char* what_to_do) {
    out.push_back({model::Severity::blocker, code, side, why, what_to_do});
  };
  struct stat is {};
  const bool there = ::stat(path_.c_str(), &is) == 0;
  if (!there && !(as_target && errno == ENOENT)) {
    blocker("file.root",
            base::printable(path_) + " cannot be read: " + std::generic_category().message(errno),
            "mend the path, or mount what belongs there");
    return out;
  }
  if (there && !S_ISDIR(is.st_mode)) {
    blocker("file.root", base::printable(path_) + " is not a directory", "name a directory");
    return out;
  }
  const std::string written = there ? path_ : std::filesystem::path(path_).parent_path().string();
  const int rights = as_target ? R_OK | W_OK | X_OK : R_OK | X_OK;
  if (::access(written.c_str(), rights) != 0) {
    blocker("file.permission",
            base::printable(written) + ": " + std::generic_category().message(errno),
            as_target ? "give Wherry's user the right to write there"
                      : "give Wherry's user the right to read it");
  }
  if (as_target && !carried_.owners) {
    out.push_back({model::Severity::warning, "file.owners_not_carried", side,
                   "only root can give files to other users: owners, capabilities and trusted "
                   "attributes are neither carried nor compared",
                   "run as root to carry them"});
  }
  return out;
}

std::string Store::sort_bytes(const model::Key& key) const {
  return file::sort_bytes(path_of(key));
}

std::string Store::text(const model::Key& key) const {
  const std::string path = path_of(key);
  return path.empty() ? "." : base::printable(path);
}

std::optional<model::Key> Store::parent(const model::Key& key) const {
  const auto place = place_of(path_of(key));
  if (!place) return std::nullopt;
  return key_of(place->folder);
}

bool Store::is_leftover(const model::Key& key) const {
  const auto place = place_of(path_of(key));
  return place && is_unfinished_name(place->name);
}

void Store::prepare_target() {
  if (::mkdir(path_.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    throw Error(ErrorKind::rejected, "file.root",
                "the directory cannot be made: " + std::generic_category().message(errno),
                base::printable(path_));
  }
  held_ = open_root();
  if (::flock(held_.get(), LOCK_EX | LOCK_NB) != 0) {
    throw Error(ErrorKind::fenced, "file.in_use",
                "another process holds this directory as its target", base::printable(path_));
  }
}

std::unique_ptr<contract::ObjectReader> Store::reader() {
  return std::make_unique<Reader>(open_root(), carried_);
}

std::unique_ptr<contract::ObjectWriter> Store::writer() {
  return std::make_unique<Writer>(open_root(), carried_);
}

}  // namespace wherry::stores::file
