#include "stores/file/attributes.h"

#include <cerrno>
#include <charconv>
#include <functional>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "stores/file/errors.h"
#include "stores/file/folder.h"
#include "stores/file/paths.h"

namespace wherry::stores::file {

namespace {

using contract::ObjectKind;

constexpr std::string_view xattr_prefix = "xattr:";

std::int64_t nanoseconds(const timespec& t) {
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

timespec time_from(std::int64_t ns) {
  constexpr std::int64_t second = 1'000'000'000;
  timespec t{};
  t.tv_sec = ns / second;
  t.tv_nsec = ns % second;
  if (t.tv_nsec < 0) {
    t.tv_nsec += second;
    --t.tv_sec;
  }
  return t;
}

// The value that `get(buffer, size)` gives, which may grow between asking and getting. Nothing, and
// errno, on failure.
std::optional<std::string> sized(const std::function<ssize_t(char*, std::size_t)>& get) {
  std::string value;
  while (true) {
    const ssize_t size = get(nullptr, 0);
    if (size <= 0) {
      if (size < 0) return std::nullopt;
      return std::string();
    }
    value.resize(static_cast<std::size_t>(size));
    const ssize_t got = get(value.data(), value.size());
    if (got >= 0) {
      value.resize(static_cast<std::size_t>(got));
      return value;
    }
    if (errno != ERANGE) return std::nullopt;
  }
}

enum class Travels { yes, no, is_told };

Travels travels(std::string_view name, Carried carried) {
  if (name.starts_with("user.") || name == "system.posix_acl_access" ||
      name == "system.posix_acl_default") {
    return Travels::yes;
  }
  if (name.starts_with("trusted.") || name == "security.capability") {
    return carried.owners ? Travels::yes : Travels::is_told;
  }
  // Labels belong to each machine's own policy.
  if (name.starts_with("security.")) return Travels::no;
  return Travels::is_told;
}

using Attributes = std::map<std::string, std::string>;

// Those of the file that `path` names, without following a symlink.
Attributes extended(const std::string& path, bool writing, std::string_view shown, Carried carried,
                    const std::function<void(const std::string&)>& not_carried) {
  Attributes out;
  const Side side = writing ? Side::writing : Side::reading;
  const auto list = sized([&](char* into, std::size_t size) {
    return writing ? ::listxattr(path.c_str(), into, size) : ::llistxattr(path.c_str(), into, size);
  });
  if (!list) {
    if (errno == EOPNOTSUPP) return out;
    throw_errno(side, "cannot list extended attributes", shown);
  }
  std::string_view rest = *list;
  while (!rest.empty()) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    const Travels how = travels(name, carried);
    if (how == Travels::is_told) not_carried(name);
    if (how != Travels::yes) continue;
    auto value = sized([&](char* into, std::size_t size) {
      return writing ? ::getxattr(path.c_str(), name.c_str(), into, size)
                     : ::lgetxattr(path.c_str(), name.c_str(), into, size);
    });
    if (!value && errno == ENODATA) continue;  // gone since
    if (!value) throw_errno(side, "cannot read an extended attribute", shown);
    out.emplace(name, std::move(*value));
  }
  return out;
}

void apply_extended(int file, const contract::ObjectInfo& object, std::string_view path,
                    Carried carried) {
  const std::string name_of_file = proc_path(file);
  const auto there = extended(name_of_file, true, path, carried, [](const std::string&) {});
  Attributes wanted;
  for (const auto& [name, value] : object.attributes) {
    if (name.starts_with(xattr_prefix)) wanted.emplace(name.substr(xattr_prefix.size()), value);
  }
  for (const auto& [name, value] : there) {
    if (wanted.contains(name)) continue;
    if (::removexattr(name_of_file.c_str(), name.c_str()) != 0 && errno != ENODATA) {
      throw_errno(Side::writing, "cannot remove an extended attribute", path);
    }
  }
  for (const auto& [name, value] : wanted) {
    const auto same = there.find(name);
    if (same != there.end() && same->second == value) continue;
    if (::setxattr(name_of_file.c_str(), name.c_str(), value.data(), value.size(), 0) != 0) {
      throw_errno(Side::writing, "cannot set an extended attribute", path);
    }
  }
}

void apply_owner(int file, const std::string& owner, std::string_view path) {
  std::uint32_t user = 0;
  std::uint32_t group = 0;
  const char* const end = owner.data() + owner.size();
  const auto first = std::from_chars(owner.data(), end, user);
  const auto second = first.ptr == end ? first : std::from_chars(first.ptr + 1, end, group);
  if (first.ec != std::errc{} || second.ec != std::errc{} || second.ptr != end) {
    throw base::Error(base::ErrorKind::internal, "file.owner", "malformed owner: " + owner);
  }
  if (::fchownat(file, "", user, group, AT_EMPTY_PATH) != 0) {
    throw_errno(Side::writing, "cannot set the owner", path);
  }
}

void apply_mode(int file, const std::string& text, std::string_view path) {
  std::uint32_t mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw base::Error(base::ErrorKind::internal, "file.mode", "malformed mode: " + text);
  }
  if (::chmod(proc_path(file).c_str(), mode) != 0) {
    throw_errno(Side::writing, "cannot set the mode", path);
  }
}

}  // namespace

std::string version_of(const struct stat& is) {
  return fmt::format("{}:{}:{}:{}:{}", is.st_dev, is.st_ino, is.st_size, nanoseconds(is.st_mtim),
                     nanoseconds(is.st_ctim));
}

contract::ObjectInfo describe(int folder, const std::string& name, const std::string& path,
                              const struct stat& is, Carried carried,
                              std::vector<model::Finding>& findings) {
  contract::ObjectInfo object;
  object.key = key_of(path);
  object.kind = S_ISDIR(is.st_mode)   ? ObjectKind::directory
                : S_ISLNK(is.st_mode) ? ObjectKind::symlink
                                      : ObjectKind::content;
  if (object.kind == ObjectKind::content) object.size = static_cast<std::uint64_t>(is.st_size);
  object.modified_ns = nanoseconds(is.st_mtim);
  object.version = version_of(is);
  if (is.st_nlink > 1 && object.kind != ObjectKind::directory) {
    object.link_group = fmt::format("{}:{}", is.st_dev, is.st_ino);
  }
  if (carried.owners) object.attributes["owner"] = fmt::format("{}:{}", is.st_uid, is.st_gid);
  const auto not_carried = [&](const std::string& attribute) {
    findings.push_back({model::Severity::warning, "file.attribute_not_carried",
                        base::printable(path),
                        "the extended attribute " + base::printable(attribute) + " is not carried",
                        carried.owners ? "set it on the target if it is needed there"
                                       : "run as root to carry it"});
  };
  const bool is_link = object.kind == ObjectKind::symlink;
  // A symlink can have none but those of root and of the machine's policy.
  const Carried of_this{carried.owners && !is_link};
  for (auto& [attribute, value] :
       extended(proc_path(folder, name), false, path, of_this, not_carried)) {
    object.attributes.emplace(std::string(xattr_prefix) + attribute, value);
  }
  if (!is_link) {
    object.attributes["mode"] = fmt::format("{:04o}", is.st_mode & 07777U);
    return object;
  }
  std::string target(static_cast<std::size_t>(is.st_size) + 1, '\0');
  const ssize_t length = ::readlinkat(folder, name.c_str(), target.data(), target.size());
  if (length < 0) throw_errno(Side::reading, "cannot read the symlink", path);
  if (static_cast<std::size_t>(length) == target.size()) throw_changed(path);
  target.resize(static_cast<std::size_t>(length));
  object.attributes["link_target"] = std::move(target);
  return object;
}

void apply(int file, const contract::ObjectInfo& object, std::string_view path, Carried carried) {
  const auto attribute = [&](const char* name) {
    const auto it = object.attributes.find(name);
    return it == object.attributes.end() ? nullptr : &it->second;
  };
  // In this order: a new owner takes set-id bits and capabilities away, an ACL changes the mode's
  // group bits, and anything may touch the time.
  const auto* owner = attribute("owner");
  if (carried.owners && owner != nullptr) apply_owner(file, *owner, path);
  if (object.kind != ObjectKind::symlink) {
    apply_extended(file, object, path, carried);
    if (const auto* mode = attribute("mode")) apply_mode(file, *mode, path);
  }
  const timespec times[2] = {{0, UTIME_OMIT}, time_from(object.modified_ns)};
  if (::utimensat(file, "", times, AT_EMPTY_PATH) != 0) {
    throw_errno(Side::writing, "cannot set the time", path);
  }
}

}  // namespace wherry::stores::file
