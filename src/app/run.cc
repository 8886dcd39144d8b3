// `wherry run`: assess → copy → follow → prove, until stopped; started again it goes on.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "app/command.h"
#include "app/local_server.h"
#include "app/logs.h"
#include "app/open_migration.h"
#include "app/output.h"
#include "app/progress.h"
#include "app/signals.h"

namespace wherry::app {

namespace {

using namespace std::chrono_literals;

struct RunOptions {
  std::string until;  // empty, "copied", "proved"
};

// Shows progress, and stops a run that was told to end once everything is there. Ends with the run.
class Watch {
 public:
  Watch(Context& context, engine::AnyMigration& migration, RunOptions options,
        std::stop_source stop)
      : migration_(migration), options_(std::move(options)), stop_(std::move(stop)) {
    if (!context.json && !context.quiet) {
      ProgressOptions look;
      look.terminal = context.out_is_terminal;
      look.color = context.color_on_out();
      look.size = terminal_size;
      progress_.emplace(context.out, std::move(look));
      // On a terminal, lines of the log go above the view.
      if (context.out_is_terminal && context.err_is_terminal) {
        log_lines_above([this](std::string_view line) {
          const std::lock_guard lock(mutex_);
          progress_->note(line);
        });
      }
    }
    thread_ = std::jthread([this](const std::stop_token& end) { watch(end); });
  }

  ~Watch() {
    thread_.request_stop();
    thread_.join();
    log_lines_above(nullptr);
    if (!progress_) return;
    show();
    progress_->finish();
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  void watch(const std::stop_token& end) {
    while (!end.stop_requested()) {
      std::this_thread::sleep_for(250ms);
      try {
        show();
        if (!options_.until.empty() && migration_.is_settled(options_.until == "proved")) {
          stop_.request_stop();
          return;
        }
      } catch (const base::Error& error) {
        spdlog::debug("looking at the state: {}", error.what());
      }
    }
  }

  void show() {
    if (!progress_) return;
    const nlohmann::json status = migration_.status();
    const std::lock_guard lock(mutex_);
    progress_->show(status);
  }

  engine::AnyMigration& migration_;
  RunOptions options_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::optional<Progress> progress_;
  std::jthread thread_;
};

ExitCode run(Context& context, const RunOptions& options) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  Signals signals;
  const auto open = open_migration(*config);
  log_to_file(config->journal / "wherry.log");
  std::stop_source stop;
  std::atomic<bool> signalled = false;
  const auto on_signal = [&](const char* name) {
    signalled = true;
    spdlog::info("{}: stopping at a safe point; once more ends it at once", name);
  };
  const auto reload = [&] {
    try {
      open->use_limits(config::load(config->file).limits);
      spdlog::info("took over the limits from {}", config->file.string());
    } catch (const base::Error& error) {
      spdlog::error("kept the limits as they were: {}", error.what());
    }
  };
  signals.watch(stop, on_signal, reload);
  {
    const control::Server server(config->socket(),
                                 local_handler(open->migration(), stop.get_token()));
    const Watch watch(context, open->migration(), options, stop);
    open->migration().run(stop.get_token());
  }
  const engine::Status status = open->migration().status();
  if (context.json) print_json(context, "status", status);
  if (signalled) return ExitCode::stopped;
  const bool ends_proved =
      options.until == "proved" || (options.until.empty() && !open->migration().follows());
  if (ends_proved && !status.all_proved()) return ExitCode::different;
  if (ends_proved && !open->migration().follows() &&
      std::any_of(status.findings.begin(), status.findings.end(), [](const auto& finding) {
        return finding.severity == model::Severity::blocker;
      })) {
    return ExitCode::blocked;
  }
  return ExitCode::ok;
}

}  // namespace

void add_run(CLI::App& root, Context& context) {
  const auto options = std::make_shared<RunOptions>();
  CLI::App& command = add_command(
      root, context,
      {"run",
       "Copy, follow and prove, until stopped",
       "Assesses both sides, makes the target's tables, copies chunk by chunk while following the "
       "source's changes, then keeps proving that both sides are equal. Goes on where an earlier "
       "run was stopped or killed. SIGINT and SIGTERM stop it at a safe point, a second one at "
       "once; SIGHUP takes over the limits of the config file.",
       {"wherry run", "wherry run --until proved --config shop.yaml"},
       {ExitCode::ok, ExitCode::error, ExitCode::blocked, ExitCode::different, ExitCode::taken,
        ExitCode::stopped}},
      NeedsConfig::yes, [&context, options] { return run(context, *options); });
  command
      .add_option("--until", options->until,
                  "Stop when all that the source has is on the target (copied), or proved equal "
                  "too (proved)")
      ->check(CLI::IsMember({"copied", "proved"}));
}

}  // namespace wherry::app
