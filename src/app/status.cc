// `wherry status`: where a migration is, from the running process or from its journal; --all lists
// every one on this machine.

#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/command.h"
#include "app/output.h"
#include "app/status_view.h"
#include "base/error.h"
#include "config/load.h"

namespace wherry::app {

namespace {

ExitCode status_of_all(Context& context) {
  namespace fs = std::filesystem;
  const fs::path root = config::state_root(config::Surroundings::of_process());
  nlohmann::json all = nlohmann::json::array();
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(root, none)) {
    if (!fs::exists(entry.path() / "journal.sqlite")) continue;
    config::Migration migration;
    migration.name = entry.path().filename().string();
    migration.journal = entry.path();
    try {
      all.push_back(status_document(migration));
    } catch (const base::Error& error) {
      all.push_back({{"migration", migration.name},
                     {"error", {{"code", error.code()}, {"message", error.what()}}}});
    }
  }
  if (context.json) {
    print_json(context, "status_all", {{"migrations", all}});
    return ExitCode::ok;
  }
  if (all.empty()) context.out << "no migration under " << root.string() << "\n";
  for (const auto& status : all) {
    context.out << fmt::format("{:<20} ", status.at("migration").get<std::string>())
                << (status.contains("state") ? status_line(status)
                                             : status.at("error").at("message").get<std::string>())
                << "\n";
  }
  return ExitCode::ok;
}

}  // namespace

void add_status(CLI::App& root, Context& context) {
  const auto all = std::make_shared<bool>(false);
  CLI::App& command =
      add_command(root, context,
                  {"status",
                   "Show where the migration is",
                   "Asks the running process; when none runs, the journal tells what holds.",
                   {"wherry status", "wherry status --all", "wherry status --json"},
                   {ExitCode::ok, ExitCode::error}},
                  NeedsConfig::yes, [&context, all] {
                    if (*all) return status_of_all(context);
                    const auto config = load_config(context);
                    if (!config) return ExitCode::usage;
                    const auto status = status_document(*config);
                    if (context.json) {
                      print_json(context, "status", status);
                    } else {
                      print_status(context, status, false);
                    }
                    return ExitCode::ok;
                  });
  command.add_flag("--all", *all, "Every migration of this user on this machine");
}

}  // namespace wherry::app
