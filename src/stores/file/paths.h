#pragma once
// Relative paths as raw bytes: any byte but NUL in a name. The key of a file is its path, that of
// the tree's root the empty path. Pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/key.h"

namespace wherry::stores::file {

model::Key key_of(std::string_view path);
std::string path_of(const model::Key& key);  // throws Error(internal) if it is no path

// Compared by bytes, in the order in which a walk that takes names by their bytes meets the paths:
// a directory, all that is in it, then what follows it ("a", "a/x", "a.b").
std::string sort_bytes(std::string_view path);

std::vector<std::string_view> components(std::string_view path);
std::string join(std::string_view folder, std::string_view name);
// Folder and name; nothing for the root.
struct Place {
  std::string folder;
  std::string name;
};
std::optional<Place> place_of(std::string_view path);

// Names under which files are written before they are renamed to their own.
std::string unfinished_name();
bool is_unfinished_name(std::string_view name);

}  // namespace wherry::stores::file
