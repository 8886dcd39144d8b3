#include "stores/mysql/ghost_tables.h"

#include <algorithm>
#include <array>

namespace wherry::stores::mysql {

namespace {

constexpr std::array<std::string_view, 5> suffixes{"_gho", "_ghc", "_del", "_new", "_old"};

// gh-ost's --timestamp-old-table: _t_20260131235959_del.
std::string_view without_time(std::string_view name) {
  constexpr std::size_t digits = 14;
  if (name.size() <= digits + 1 || name[name.size() - digits - 1] != '_') return name;
  const std::string_view time = name.substr(name.size() - digits);
  const bool all_digits =
      std::all_of(time.begin(), time.end(), [](char c) { return c >= '0' && c <= '9'; });
  return all_digits ? name.substr(0, name.size() - digits - 1) : name;
}

}  // namespace

std::optional<std::string> original_of(std::string_view name) {
  if (!name.starts_with('_')) return std::nullopt;
  for (const auto suffix : suffixes) {
    if (!name.ends_with(suffix) || name.size() < suffix.size() + 2) continue;
    std::string_view rest = name.substr(1, name.size() - 1 - suffix.size());
    if (suffix == "_del") rest = without_time(rest);
    return std::string(rest);
  }
  return std::nullopt;
}

contract::TableFilter with_ghosts(const contract::TableFilter& filter) {
  return [filter](const model::CollectionName& name) {
    if (filter(name)) return true;
    // A tool puts more underscores before a name that is taken.
    std::string_view rest = name.name;
    for (; rest.starts_with("__"); rest.remove_prefix(1)) {
      const auto original = original_of(rest);
      if (original && filter({name.schema, *original})) return true;
    }
    const auto original = original_of(rest);
    return original && filter({name.schema, *original});
  };
}

}  // namespace wherry::stores::mysql
