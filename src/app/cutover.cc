// `wherry cutover` and `wherry rollback`: the switch from one side to the other, by the process
// that runs the migration.

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/checks.h"
#include "app/command.h"
#include "app/confirm.h"
#include "app/cutover_view.h"
#include "app/output.h"
#include "base/error.h"
#include "config/units.h"

namespace wherry::app {

namespace {

using namespace std::chrono_literals;

struct CutOverFlags {
  bool dry_run = false;
  bool yes = false;
  std::string max_downtime;  // as written; empty: the configuration's
};

nlohmann::json ask_or_throw(const config::Migration& config, const std::string& method,
                            const std::string& path, const std::string& body = {}) {
  auto answer = ask_running(config, method, path, body);
  if (answer) return std::move(*answer);
  throw base::Error(base::ErrorKind::rejected, "cutover.not_running", "nothing runs this migration",
                    "start `wherry run`, which also follows the "
                    "way back afterwards, and ask again");
}

std::optional<std::chrono::milliseconds> downtime(const CutOverFlags& flags,
                                                  const config::Migration& config) {
  if (flags.max_downtime.empty()) return config.cutover.max_downtime;
  return config::parse_duration(flags.max_downtime);
}

// Prints each step when it has ended, until the switch has.
nlohmann::json follow_steps(Context& context, const config::Migration& config) {
  std::size_t shown = 0;
  while (true) {
    auto answer = ask_running(config, "GET", "/switch");
    if (!answer) {
      throw base::Error(base::ErrorKind::rejected, "cutover.interrupted",
                        "the process that was switching has ended in the middle of it",
                        "start `wherry run`: the first thing it does is to open the side that "
                        "applications write to; `wherry history` tells which");
    }
    nlohmann::json view = std::move(*answer);
    const auto& steps = view.at("steps");
    const bool running = view.at("running").get<bool>();
    for (; shown < steps.size(); ++shown) {
      if (running && steps[shown].at("state") == "running") break;
      if (!context.json && !context.quiet) context.out << step_line(steps[shown]) << std::endl;
    }
    if (!running) return view;
    std::this_thread::sleep_for(50ms);
  }
}

ExitCode do_switch(Context& context, const std::string& path, const CutOverFlags& flags) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  const auto most = downtime(flags, *config);
  if (!most) {
    return report_usage(context, fmt::format("--max-downtime: '{}'", flags.max_downtime),
                        std::string(config::duration_form));
  }
  const auto checks = ask_or_throw(*config, "GET", path);
  if (const auto end = end_of_checks(context, "switch_checks", checks, flags.dry_run)) return *end;
  if (!flags.yes) {
    const auto end = refused(context, std::string(path == "/cutover" ? "Switch over" : "Go back") +
                                          " now? Applications cannot write for a moment.");
    if (end) return *end;
  }
  const nlohmann::json options{{"max_downtime_ms", most->count()},
                               {"patience_ms", config->cutover.patience.count()}};
  static_cast<void>(ask_or_throw(*config, "POST", path, options.dump()));
  const auto view = follow_steps(context, *config);
  if (context.json) {
    print_json(context, "switch", view);
  } else if (view.at("error").is_null()) {
    for (const auto& line : certificate_lines(view.at("certificate"))) context.out << line << "\n";
  }
  if (view.at("error").is_null()) return ExitCode::ok;
  if (!context.json) {
    const auto code = view.at("error").at("code").get<std::string>();
    const std::string ends = code == "cutover.not_opened" ? "not done to its end: " : "undone: ";
    return report(context, base::Error(base::ErrorKind::rejected, code,
                                       ends + view.at("error").at("message").get<std::string>()));
  }
  return ExitCode::error;
}

void add(CLI::App& root, Context& context, CommandText text, const std::string& path) {
  const auto flags = std::make_shared<CutOverFlags>();
  CLI::App& command =
      add_command(root, context, std::move(text), NeedsConfig::yes, [&context, flags, path] {
        return once_it_answers([&] { return do_switch(context, path, *flags); });
      });
  command.add_flag("--dry-run", flags->dry_run, "Only look whether everything is ready");
  command.add_flag("--yes", flags->yes, "Do not ask");
  command.add_option("--max-downtime", flags->max_downtime,
                     "Undo everything if the other side is not open after so long (10 s)");
}

}  // namespace

void add_cutover(CLI::App& root, Context& context) {
  add(root, context,
      {"cutover",
       "Switch over to the target",
       "Checks what must hold, raises the guards so that nobody writes to the source, applies what "
       "is left, proves every row equal, opens the target and keeps the source equal from then on. "
       "Whatever goes wrong before the target is open is undone, and the source is writable again. "
       "A `wherry run` must be running.",
       {"wherry cutover --dry-run", "wherry cutover --max-downtime '5 s' --yes"},
       {ExitCode::ok, ExitCode::error, ExitCode::usage, ExitCode::blocked, ExitCode::stopped}},
      "/cutover");
}

void add_rollback(CLI::App& root, Context& context) {
  add(root, context,
      {"rollback",
       "Go back to the source after a cut-over",
       "The same as cutover in the other direction: every write made on the target since is on the "
       "source, and proved so, before the source is opened. Following from the source to the "
       "target goes on then.",
       {"wherry rollback --dry-run", "wherry rollback --yes"},
       {ExitCode::ok, ExitCode::error, ExitCode::usage, ExitCode::blocked, ExitCode::stopped}},
      "/rollback");
}

}  // namespace wherry::app
