#pragma once
// The commented config that `wherry init` writes. Pure functions.
// Prose lines start with "# "; a line with '#' right before a key is a setting that is not in
// force.

#include <string>
#include <string_view>

namespace wherry::config {

// `kind` is "mysql" or "file".
std::string template_text(std::string_view kind, std::string_view name);

}  // namespace wherry::config
