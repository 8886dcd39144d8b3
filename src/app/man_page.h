#pragma once
// The manual page wherry(1), made from the command tree. A pure function.

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/context.h"

namespace wherry::app {

std::string man_page(const CLI::App& root, const std::vector<CommandText>& commands);

}  // namespace wherry::app
