#include "app/command.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace wherry::app {

namespace {

std::string footer_of(const CommandText& text) {
  std::string footer = text.details.empty() ? "" : text.details + "\n\n";
  footer += text.examples.size() > 1 ? "Examples:\n" : "Example:\n";
  for (const std::string& example : text.examples) footer += "  " + example + "\n";
  footer += "\nExit codes:\n";
  for (const ExitCode code : text.exits) {
    footer += fmt::format("  {:<4} {}\n", static_cast<int>(code), meaning(code));
  }
  footer.pop_back();
  return footer;
}

}  // namespace

CLI::App& add_command(CLI::App& root, Context& context, CommandText text, NeedsConfig needs_config,
                      std::function<ExitCode()> action) {
  text.exits.push_back(ExitCode::usage);
  std::sort(text.exits.begin(), text.exits.end());
  CLI::App& command = *root.add_subcommand(text.name, text.summary);
  command.footer(footer_of(text));
  if (needs_config == NeedsConfig::yes) {
    command.add_option("-c,--config", context.config, "The migration's config")
        ->type_name("FILE")
        ->default_str("wherry.yaml");
  }
  command.add_flag("--json", context.json, "Answer with one JSON document");
  CLI::Option* quiet = command.add_flag("-q,--quiet", context.quiet, "Say only what went wrong");
  command.add_flag("-v,--verbose", context.verbose, "Say more about what is done")->excludes(quiet);
  command.add_flag("--no-color", context.no_color, "No colours, also on a terminal");
  command.callback([&context, action = std::move(action)] { context.action = action; });
  context.commands.push_back(std::move(text));
  return command;
}

}  // namespace wherry::app
