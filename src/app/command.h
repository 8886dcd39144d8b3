#pragma once
// How a command joins the tree: its file calls add_command() with its text and its action. Common
// options come with it, so that each command's --help shows all it takes.

#include <functional>

#include <CLI/CLI.hpp>

#include "app/context.h"

namespace wherry::app {

enum class NeedsConfig { no, yes };  // yes: it takes --config

// The action runs after the whole command line was found right. `root` and `context` must outlive
// the parse.
CLI::App& add_command(CLI::App& root, Context& context, CommandText text, NeedsConfig needs_config,
                      std::function<ExitCode()> action);

// One command a function and file; listed in command_line.cc.
void add_init(CLI::App& root, Context& context);
void add_completion(CLI::App& root, Context& context);
void add_man(CLI::App& root, Context& context);
void add_assess(CLI::App& root, Context& context);
void add_run(CLI::App& root, Context& context);
void add_status(CLI::App& root, Context& context);
void add_pause(CLI::App& root, Context& context);
void add_resume(CLI::App& root, Context& context);
void add_verify(CLI::App& root, Context& context);
void add_repair(CLI::App& root, Context& context);
void add_cutover(CLI::App& root, Context& context);
void add_rollback(CLI::App& root, Context& context);
void add_rehearse(CLI::App& root, Context& context);
void add_finish(CLI::App& root, Context& context);
void add_report(CLI::App& root, Context& context);
void add_history(CLI::App& root, Context& context);
void add_stores(CLI::App& root, Context& context);
void add_states(CLI::App& root, Context& context);
void add_support_bundle(CLI::App& root, Context& context);
void add_version(CLI::App& root, Context& context);

}  // namespace wherry::app
