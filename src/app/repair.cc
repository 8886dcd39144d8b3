// `wherry repair`: mends what was found different.

#include <memory>
#include <optional>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/background_run.h"
#include "app/command.h"
#include "app/output.h"
#include "app/repair_view.h"

namespace wherry::app {

namespace {

nlohmann::json repair_here(const config::Migration& config, bool dry_run) {
  if (!follows_changes(config)) {
    return repair_document(open_migration(config)->migration().repair(dry_run, {}), dry_run);
  }
  BackgroundRun run(config);
  run.wait_following();
  const auto status = [&]() -> nlohmann::json {
    run.check();
    return run.migration().status();
  };
  // What is different is known once everything was looked at.
  (void)wait_until_checked(status);
  const auto repaired = run.migration().repair(dry_run, {});
  if (!dry_run && !repaired.empty()) (void)wait_until_checked(status);
  return repair_document(repaired, dry_run);
}

ExitCode repair(Context& context, bool dry_run) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  auto answer = ask_running(*config, "POST", dry_run ? "/repair?dry_run" : "/repair");
  if (!answer) answer = repair_here(*config, dry_run);
  if (context.json) {
    print_json(context, "repair", *answer);
  } else {
    for (const auto& line : repair_lines(*answer)) context.out << line << "\n";
  }
  return dry_run && !answer->at("collections").empty() ? ExitCode::different : ExitCode::ok;
}

}  // namespace

void add_repair(CLI::App& root, Context& context) {
  const auto dry_run = std::make_shared<bool>(false);
  CLI::App& command = add_command(
      root, context,
      {"repair",
       "Mend what was found different",
       "Writes the source's rows over those that differ on the target, at one place of the log, "
       "and proves them again. --dry-run prints the statements and changes nothing.",
       {"wherry repair --dry-run", "wherry repair"},
       {ExitCode::ok, ExitCode::error, ExitCode::different}},
      NeedsConfig::yes,
      [&context, dry_run] { return once_it_answers([&] { return repair(context, *dry_run); }); });
  command.add_flag("--dry-run", *dry_run, "Only print what would be written");
}

}  // namespace wherry::app
