#include "stores/file/paths.h"

#include <algorithm>
#include <atomic>
#include <random>

#include <fmt/format.h>

#include "base/error.h"

namespace wherry::stores::file {

namespace {

constexpr std::string_view unfinished_prefix = ".wherry-";
constexpr std::string_view unfinished_suffix = ".unfinished";
constexpr std::size_t unfinished_digits = 24;

}  // namespace

model::Key key_of(std::string_view path) {
  model::Key key;
  key.append(path);
  return key;
}

std::string path_of(const model::Key& key) {
  const auto parts = key.parts();
  const auto bad = [&] {
    return base::Error(base::ErrorKind::internal, "file.key", "not the path of a file", key.text());
  };
  if (parts.size() != 1 || parts[0].find('\0') != std::string_view::npos) throw bad();
  for (const auto part : components(parts[0])) {
    if (part.empty() || part == "." || part == "..") throw bad();
  }
  return std::string(parts[0]);
}

std::string sort_bytes(std::string_view path) {
  std::string out(path);
  std::replace(out.begin(), out.end(), '/', '\0');
  return out;
}

std::vector<std::string_view> components(std::string_view path) {
  std::vector<std::string_view> out;
  if (path.empty()) return out;
  while (true) {
    const auto slash = path.find('/');
    out.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

std::string join(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  std::string out(folder);
  out += '/';
  out += name;
  return out;
}

std::optional<Place> place_of(std::string_view path) {
  if (path.empty()) return std::nullopt;
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return Place{"", std::string(path)};
  return Place{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

std::string unfinished_name() {
  static const std::uint64_t process = [] {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
  }();
  static std::atomic<std::uint32_t> counter{0};
  return fmt::format("{}{:016x}{:08x}{}", unfinished_prefix, process, ++counter, unfinished_suffix);
}

bool is_unfinished_name(std::string_view name) {
  if (name.size() != unfinished_prefix.size() + unfinished_digits + unfinished_suffix.size() ||
      !name.starts_with(unfinished_prefix) || !name.ends_with(unfinished_suffix)) {
    return false;
  }
  const auto digits = name.substr(unfinished_prefix.size(), unfinished_digits);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace wherry::stores::file
