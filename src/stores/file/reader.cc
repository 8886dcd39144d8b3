#include "stores/file/reader.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "stores/file/body.h"
#include "stores/file/errors.h"
#include "stores/file/paths.h"

namespace wherry::stores::file {

Reader::Step Reader::step() {
  if (read_ahead_) return *std::exchange(read_ahead_, std::nullopt);
  Step step;
  step.found = walk_.next(step.findings, step.complete);
  return step;
}

contract::ObjectPage Reader::list(const std::optional<model::Key>& after,
                                  const std::optional<model::Key>& through, std::size_t limit) {
  contract::ObjectPage page;
  const auto from = after ? std::optional(path_of(*after)) : std::nullopt;
  const auto last = through ? std::optional(sort_bytes(path_of(*through))) : std::nullopt;
  if (!from || !last_ || *from != *last_) {
    read_ahead_.reset();
    walk_.go_after(from, page.findings, page.complete);
  }
  last_ = from;
  while (page.objects.size() < limit) {
    Step next = step();
    if (next.found && last && sort_bytes(next.found->path) > *last) {
      read_ahead_ = std::move(next);
      last_ = path_of(*through);
      page.end = true;
      break;
    }
    page.findings.insert(page.findings.end(), next.findings.begin(), next.findings.end());
    page.complete = page.complete && next.complete;
    if (!next.found) {
      page.end = true;
      last_.reset();
      break;
    }
    last_ = std::move(next.found->path);
    if (next.found->object) page.objects.push_back(std::move(*next.found->object));
  }
  return page;
}

std::optional<contract::ObjectInfo> Reader::find(const model::Key& key) {
  const std::string path = path_of(key);
  const auto place = place_of(path);
  const auto folder = folders_.find(place ? place->folder : "");
  const std::string name = place ? place->name : ".";
  struct stat is {};
  if (!folder || ::fstatat(*folder, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) {
    const int why = errno;
    folders_.forget();
    if (why == ENOENT || why == ENOTDIR || why == ELOOP) return std::nullopt;
    errno = why;
    throw_errno(Side::reading, "cannot look at it", path);
  }
  if (!S_ISREG(is.st_mode) && !S_ISDIR(is.st_mode) && !S_ISLNK(is.st_mode)) return std::nullopt;
  std::vector<model::Finding> told_by_list;
  return describe(*folder, name, path, is, carried_, told_by_list);
}

std::unique_ptr<contract::ObjectBody> Reader::open(const contract::ObjectInfo& object) {
  const std::string path = path_of(object.key);
  const auto place = place_of(path);
  if (!place) throw_changed(path);
  const auto folder = folders_.find(place->folder);
  if (!folder) {
    const int why = errno;
    folders_.forget();
    errno = why;
    throw_errno(Side::reading, "cannot open", path);
  }
  // Not to wait if a fifo has taken its place; access times are kept where that is allowed.
  constexpr int how = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  Fd file(::openat(*folder, place->name.c_str(), how | O_NOATIME));
  if (!file && errno == EPERM) file = Fd(::openat(*folder, place->name.c_str(), how));
  if (!file) {
    const int why = errno;
    folders_.forget();
    errno = why;
    throw_errno(Side::reading, "cannot open", path);
  }
  return std::make_unique<Body>(std::move(file), object.version, path);
}

}  // namespace wherry::stores::file
