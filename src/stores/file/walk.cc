#include "stores/file/walk.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/file/paths.h"

namespace wherry::stores::file {

namespace {

model::Finding unreadable(const std::string& path, const std::string& why) {
  return {model::Severity::blocker, "file.unreadable", path.empty() ? "." : base::printable(path),
          why, "give Wherry's user the right to read it, or run as root; then run again"};
}

std::string error_text(int number) { return std::generic_category().message(number); }

const char* special_kind(mode_t mode) {
  if (S_ISFIFO(mode)) return "a fifo";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISBLK(mode)) return "a block device";
  return "a character device";
}

}  // namespace

void Walk::enter(const std::string& path, const std::string& name, int folder,
                 std::vector<model::Finding>& findings, bool& complete) {
  Fd opened(::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (opened) {
    levels_.push_back({path, Names(std::move(opened))});
    return;
  }
  // Gone, or something else now: then nothing is in it.
  if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return;
  complete = false;
  findings.push_back(unreadable(path, "the directory cannot be listed: " + error_text(errno)));
}

std::optional<std::string> Walk::next_name(std::vector<model::Finding>& findings, bool& complete) {
  try {
    return levels_.back().names.next();
  } catch (const std::system_error& error) {
    complete = false;
    findings.push_back(unreadable(levels_.back().path, "the directory cannot be listed: " +
                                                           error_text(error.code().value())));
    return std::nullopt;
  }
}

std::optional<Walk::Found> Walk::look(int folder, const std::string& name, const std::string& path,
                                      std::vector<model::Finding>& findings, bool& complete) {
  struct stat is {};
  if (::fstatat(folder, name.c_str(), &is, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    complete = false;
    findings.push_back(unreadable(path, error_text(errno)));
    return Found{path, std::nullopt};
  }
  if (!S_ISREG(is.st_mode) && !S_ISDIR(is.st_mode) && !S_ISLNK(is.st_mode)) {
    findings.push_back({model::Severity::blocker, "file.special", base::printable(path),
                        std::string(special_kind(is.st_mode)) + " is not carried",
                        "make it on the target if it is needed there, or remove it"});
    return Found{path, std::nullopt};
  }
  try {
    return Found{path, describe(folder, name, path, is, carried_, findings)};
  } catch (const base::Error& error) {
    if (error.kind() == base::ErrorKind::data_mismatch) return std::nullopt;
    if (error.kind() != base::ErrorKind::not_supported) throw;
    complete = false;
    findings.push_back(unreadable(path, error.message()));
    return Found{path, std::nullopt};
  }
}

std::optional<Walk::Found> Walk::next(std::vector<model::Finding>& findings, bool& complete) {
  if (at_start_) {
    at_start_ = false;
    auto root = look(root_, ".", "", findings, complete);
    enter("", ".", root_, findings, complete);
    if (root) return root;
  }
  while (!levels_.empty()) {
    const auto name = next_name(findings, complete);
    if (!name) {
      levels_.pop_back();
      continue;
    }
    const int folder = levels_.back().names.folder();
    const std::string path = join(levels_.back().path, *name);
    auto found = look(folder, *name, path, findings, complete);
    if (!found) continue;
    if (found->object && found->object->kind == contract::ObjectKind::directory) {
      enter(path, *name, folder, findings, complete);
    }
    return found;
  }
  return std::nullopt;
}

void Walk::go_after(const std::optional<std::string>& path, std::vector<model::Finding>& findings,
                    bool& complete) {
  at_start_ = !path;
  if (!path) return levels_.clear();
  const auto parts = components(*path);
  // Folders on the way that are open already stay so, with their names.
  std::string way;
  std::size_t depth = 0;
  while (depth < levels_.size() && depth <= parts.size()) {
    if (depth > 0) way = join(way, parts[depth - 1]);
    if (levels_[depth].path != way) break;
    ++depth;
  }
  while (levels_.size() > depth) levels_.pop_back();
  if (levels_.empty()) {
    enter("", ".", root_, findings, complete);
    if (levels_.empty()) return;
  }
  // levels_[i] is the folder of the first i parts, and all but the last of them stand where the
  // next was entered. More are entered below it; if the path itself is open, what is in it comes
  // next.
  try {
    while (levels_.size() <= parts.size()) {
      const std::string name(parts[levels_.size() - 1]);
      const std::size_t before = levels_.size();
      const std::string below = join(levels_.back().path, name);
      levels_.back().names.go_after(name);
      enter(below, name, levels_.back().names.folder(), findings, complete);
      if (levels_.size() == before) return;
    }
    levels_.back().names.rewind();
  } catch (const std::system_error& error) {
    complete = false;
    findings.push_back(unreadable(*path, error_text(error.code().value())));
  }
}

}  // namespace wherry::stores::file
