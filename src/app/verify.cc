// `wherry verify`: takes every proof again, now.

#include <optional>

#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/background_run.h"
#include "app/command.h"
#include "app/output.h"
#include "base/error.h"

namespace wherry::app {

namespace {

ExitCode verify(Context& context) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  if (ask_running(*config, "POST", "/verify")) {
    return wait_until_checked(context, [&] {
      auto status = ask_running(*config, "GET", "/status");
      if (!status) {
        throw base::Error(base::ErrorKind::connection_lost, "control.lost",
                          "the running process ended meanwhile");
      }
      return std::move(*status);
    });
  }
  if (!follows_changes(*config)) {
    const auto open = open_migration(*config);
    open->migration().verify();
    const engine::Status status = open->migration().status();
    if (context.json) {
      print_json(context, "status", status);
    } else {
      print_status(context, status, false);
    }
    return status.all_proved() ? ExitCode::ok : ExitCode::different;
  }
  BackgroundRun run(*config);
  run.wait_following();
  run.migration().verify();
  return wait_until_checked(context, [&]() -> nlohmann::json {
    run.check();
    return run.migration().status();
  });
}

}  // namespace

void add_verify(CLI::App& root, Context& context) {
  add_command(root, context,
              {"verify",
               "Prove every row again, now",
               "Voids all proofs and takes them again while writes go on. With no process running "
               "it copies and follows what is missing first, and stops when it is done.",
               {"wherry verify", "wherry verify --json"},
               {ExitCode::ok, ExitCode::error, ExitCode::different}},
              NeedsConfig::yes, [&context] { return verify(context); });
}

}  // namespace wherry::app
