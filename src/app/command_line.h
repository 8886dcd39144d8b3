#pragma once
// The command tree and its run. Thread-safety: the main thread only.

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/context.h"

namespace wherry::app {

// All commands. `context` must outlive the tree.
std::unique_ptr<CLI::App> make_command_tree(Context& context);

// Parses and runs; everything that goes wrong is printed. `arguments` are without the program's
// name.
ExitCode run_command_line(const std::vector<std::string>& arguments, Context& context);

}  // namespace wherry::app
