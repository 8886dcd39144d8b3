#pragma once
// Completion scripts made from the command tree, so that they never lag behind it. Pure functions.

#include <string>

#include <CLI/CLI.hpp>

namespace wherry::app {

std::string bash_completion(const CLI::App& root);
std::string zsh_completion(const CLI::App& root);

}  // namespace wherry::app
