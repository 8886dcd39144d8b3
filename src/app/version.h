#pragma once
// Which Wherry this is.

#include <string>
#include <string_view>

namespace wherry::app {

std::string_view version();  // "0.1.0"
std::string version_line();  // "wherry 0.1.0"

}  // namespace wherry::app
