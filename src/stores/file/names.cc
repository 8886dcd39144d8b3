#include "stores/file/names.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

namespace wherry::stores::file {

namespace {

struct CloseDirectory {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

[[noreturn]] void fail() { throw std::system_error(errno, std::generic_category(), "readdir"); }

}  // namespace

void Names::load(const std::optional<std::string>& after) {
  loaded_after_ = after;
  loaded_ = true;
  last_lot_ = true;
  held_.clear();
  at_ = 0;
  Fd own(::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own) fail();
  const std::unique_ptr<DIR, CloseDirectory> dir(::fdopendir(own.get()));
  if (!dir) fail();
  own.release();
  const auto keep_least = [&] {
    if (held_.size() <= at_once_) return;
    const auto end = held_.begin() + static_cast<std::ptrdiff_t>(at_once_);
    std::nth_element(held_.begin(), end, held_.end());
    held_.erase(end, held_.end());
    last_lot_ = false;
  };
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) break;
    const std::string_view name = static_cast<const char*>(entry->d_name);
    if (name == "." || name == ".." || (after && name <= *after)) continue;
    held_.emplace_back(name);
    if (held_.size() >= 2 * at_once_) keep_least();
  }
  if (errno != 0) fail();
  keep_least();
  std::sort(held_.begin(), held_.end());
}

std::optional<std::string> Names::next() {
  if (!loaded_) load(std::nullopt);
  if (at_ == held_.size()) {
    if (last_lot_ || held_.empty()) return std::nullopt;
    load(std::string(held_.back()));
    if (held_.empty()) return std::nullopt;
  }
  return held_[at_++];
}

void Names::rewind() {
  if (loaded_ && loaded_after_) loaded_ = false;
  at_ = 0;
}

void Names::go_after(const std::string& name) {
  const bool within = loaded_ && (!loaded_after_ || *loaded_after_ <= name) &&
                      (last_lot_ || (!held_.empty() && name <= held_.back()));
  if (!within) return load(name);
  at_ =
      static_cast<std::size_t>(std::upper_bound(held_.begin(), held_.end(), name) - held_.begin());
}

}  // namespace wherry::stores::file
