#include "app/command_line.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <ostream>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

#include "app/command.h"
#include "app/output.h"
#include "app/version.h"
#include "config/problem.h"

namespace wherry::app {

namespace {

std::vector<std::string> names_of_commands(const Context& context) {
  std::vector<std::string> names;
  for (const CommandText& command : context.commands) names.push_back(command.name);
  return names;
}

// The command that was named, or the root.
const CLI::App& named_command(const CLI::App& root) {
  const std::vector<CLI::App*> commands = root.get_subcommands();
  return commands.empty() ? root : *commands.front();
}

std::vector<std::string> long_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// CLI11's own message for words it did not expect does not help; say what was meant.
ExitCode report_unexpected(const CLI::App& root, Context& context) {
  const CLI::App& command = named_command(root);
  const std::vector<std::string> words = root.remaining(true);
  const std::string word = words.empty() ? "" : words.front();
  const bool is_option = word.starts_with('-');
  if (&command == &root && !is_option) {
    return report_usage(context, fmt::format("unknown command '{}'", word),
                        config::suggestion(word, names_of_commands(context)));
  }
  const std::string what =
      is_option ? fmt::format("unknown option '{}'", word) : fmt::format("unexpected '{}'", word);
  const std::string near = is_option ? config::nearest(word, long_options(command)) : "";
  const std::string help =
      &command == &root ? "wherry --help" : fmt::format("wherry {} --help", command.get_name());
  return report_usage(
      context, what,
      near.empty() ? fmt::format("see {}", help) : fmt::format("did you mean '{}'?", near));
}

// Standard output is for answers, so the log goes to standard error.
void set_up_log(const Context& context) {
  const auto mode = context.color_on_err() ? spdlog::color_mode::always : spdlog::color_mode::never;
  auto logger = std::make_shared<spdlog::logger>(
      "wherry", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>(mode));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
  logger->set_level(context.quiet     ? spdlog::level::err
                    : context.verbose ? spdlog::level::debug
                                      : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

ExitCode parse(CLI::App& root, std::vector<std::string> arguments, Context& context) {
  // A mistake in the command line is told in the form that was asked for, although parsing did not
  // get through.
  context.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  std::reverse(arguments.begin(), arguments.end());
  try {
    root.parse(arguments);
    return ExitCode::ok;
  } catch (const CLI::CallForHelp&) {
    const CLI::App& command = named_command(root);
    context.out << command.help(&command == &root ? "" : root.get_name());
    context.action = [] { return ExitCode::ok; };
    return ExitCode::ok;
  } catch (const CLI::CallForVersion&) {
    context.out << version_line() << "\n";
    context.action = [] { return ExitCode::ok; };
    return ExitCode::ok;
  } catch (const CLI::ExtrasError&) {
    return report_unexpected(root, context);
  } catch (const CLI::ParseError& e) {
    const CLI::App& command = named_command(root);
    return report_usage(context, e.what(),
                        &command == &root
                            ? "see wherry --help"
                            : fmt::format("see wherry {} --help", command.get_name()));
  }
}

}  // namespace

std::unique_ptr<CLI::App> make_command_tree(Context& context) {
  constexpr std::size_t column_of_descriptions = 28;
  auto root = std::make_unique<CLI::App>(
      "Moves live data to its new home, proves that all of it arrived, and switches over in "
      "seconds.",
      "wherry");
  root->get_formatter()->column_width(column_of_descriptions);
  root->set_version_flag("--version", version_line(), "Print the version and exit");
  root->require_subcommand(0, 1);
  root->footer("`wherry COMMAND --help` tells a command's options, with an example.");
  add_init(*root, context);
  add_assess(*root, context);
  add_run(*root, context);
  add_status(*root, context);
  add_pause(*root, context);
  add_resume(*root, context);
  add_verify(*root, context);
  add_repair(*root, context);
  add_rehearse(*root, context);
  add_cutover(*root, context);
  add_rollback(*root, context);
  add_finish(*root, context);
  add_report(*root, context);
  add_history(*root, context);
  add_stores(*root, context);
  add_states(*root, context);
  add_support_bundle(*root, context);
  add_completion(*root, context);
  add_man(*root, context);
  add_version(*root, context);
  return root;
}

ExitCode run_command_line(const std::vector<std::string>& arguments, Context& context) {
  const std::unique_ptr<CLI::App> root = make_command_tree(context);
  const ExitCode parsed = parse(*root, arguments, context);
  if (parsed != ExitCode::ok) return parsed;
  if (!context.action) {
    if (context.json) return report_usage(context, "no command is named", "see wherry --help");
    context.err << root->help();
    return ExitCode::usage;
  }
  set_up_log(context);
  try {
    return context.action();
  } catch (const base::Error& e) {
    return report(context, e);
  } catch (const std::exception& e) {
    return report(context, base::Error(base::ErrorKind::internal, "internal", e.what()));
  }
}

}  // namespace wherry::app
