// `wherry run`: assess → copy → follow → prove, until stopped; started again it goes on.

#include <chrono>
#include <ostream>
#include <stop_token>
#include <thread>

#include <spdlog/spdlog.h>

#include "app/command.h"
#include "app/output.h"
#include "app/row_migration.h"
#include "app/signals.h"

namespace wherry::app {

namespace {

using namespace std::chrono_literals;

// Stops a run that was told to end once everything is there.
void stop_when_settled(engine::Migration& migration, bool proof, std::stop_source stop,
                       const std::stop_token& end) {
  while (!end.stop_requested()) {
    std::this_thread::sleep_for(200ms);
    try {
      if (migration.is_settled(proof)) {
        stop.request_stop();
        return;
      }
    } catch (const base::Error& error) {
      spdlog::debug("looking whether all is settled: {}", error.what());
    }
  }
}

ExitCode run(Context& context, const std::string& until) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  Signals signals;
  const auto parts = open_row_migration(*config);
  std::stop_source stop;
  bool signalled = false;
  signals.watch(
      stop,
      [&](const char* name) {
        signalled = true;
        spdlog::info("{}: stopping at a safe point; once more ends it at once", name);
      },
      [] {});
  {
    std::jthread settled;
    if (!until.empty()) {
      settled = std::jthread([&](const std::stop_token& end) {
        stop_when_settled(*parts->migration, until == "proved", stop, end);
      });
    }
    parts->migration->run(stop.get_token());
  }
  return signalled ? ExitCode::stopped : ExitCode::ok;
}

}  // namespace

void add_run(CLI::App& root, Context& context) {
  const auto until = std::make_shared<std::string>();
  CLI::App& command = add_command(
      root, context,
      {"run",
       "Copy, follow and prove, until stopped",
       "Assesses both sides, makes the target's tables, copies chunk by chunk while following the "
       "source's "
       "changes, then keeps proving that both sides are equal. Goes on where an earlier run was "
       "stopped or killed. SIGINT and SIGTERM stop it at a safe point, a second one at once.",
       {"wherry run", "wherry run --until proved --config shop.yaml"},
       {ExitCode::ok, ExitCode::error, ExitCode::usage, ExitCode::blocked, ExitCode::taken,
        ExitCode::stopped}},
      NeedsConfig::yes, [&context, until] { return run(context, *until); });
  command
      .add_option("--until", *until,
                  "Stop when all that the source has is on the target (copied), or proved equal "
                  "too (proved)")
      ->check(CLI::IsMember({"copied", "proved"}));
}

}  // namespace wherry::app
