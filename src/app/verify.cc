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
    return print_result(context, wait_until_checked([&] {
                          auto status = ask_running(*config, "GET", "/status");
                          if (status) return std::move(*status);
                          // A run that does not follow ends when it has looked at everything.
                          if (!follows_changes(*config)) return status_document(*config);
                          throw base::Error(base::ErrorKind::connection_lost, "control.lost",
                                            "the running process ended meanwhile");
                        }));
  }
  if (!follows_changes(*config)) {
    const auto open = open_migration(*config);
    open->migration().verify();
    return print_result(context, open->migration().status());
  }
  BackgroundRun run(*config);
  run.wait_following();
  run.migration().verify();
  return print_result(context, wait_until_checked([&]() -> nlohmann::json {
                        run.check();
                        return run.migration().status();
                      }));
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
              NeedsConfig::yes,
              [&context] { return once_it_answers([&] { return verify(context); }); });
}

}  // namespace wherry::app
