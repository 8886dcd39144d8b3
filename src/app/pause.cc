// `wherry pause` and `wherry resume`: stop moving and go on. Paused is kept in the journal: a later
// run stays paused too.

#include <chrono>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string>

#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/command.h"
#include "app/open_migration.h"
#include "app/output.h"
#include "base/error.h"
#include "engine/history.h"
#include "engine/status.h"
#include "journal/sqlite.h"

namespace wherry::app {

namespace {

nlohmann::json set_in_journal(const config::Migration& config, bool paused) {
  const auto first = journal::open_sqlite(journal_file(config).string());
  const auto followed = followed_journal_file(config, *first);
  std::unique_ptr<journal::Journal> way_back;
  if (followed != journal_file(config)) way_back = journal::open_sqlite(followed.string());
  auto* journal = way_back ? way_back.get() : first.get();
  journal->set_fact("paused", paused ? "yes" : "no");
  journal::Event event;
  event.at = std::chrono::system_clock::now();
  event.kind = paused ? "paused" : "resumed";
  event.detail = "on request";
  journal->append(event);
  engine::Status status = engine::status_of(config.name, *journal);
  engine::tell_as_a_whole(status, engine::state_of(*first));
  return status;
}

ExitCode set_paused(Context& context, bool paused) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  if (!std::filesystem::exists(journal_file(*config))) {
    throw base::Error(base::ErrorKind::rejected, "journal.missing",
                      "the migration was never started", "`wherry run` starts it");
  }
  auto answer = ask_running(*config, "POST", paused ? "/pause" : "/resume");
  const bool running = answer.has_value();
  if (!running) answer = set_in_journal(*config, paused);
  if (context.json) {
    print_json(context, "status", *answer);
  } else if (paused) {
    context.out << (running ? "paused\n" : "paused; `wherry run` will wait until it is resumed\n");
  } else {
    context.out << (running ? "resumed\n" : "resumed; nothing runs now: `wherry run` goes on\n");
  }
  return ExitCode::ok;
}

}  // namespace

void add_pause(CLI::App& root, Context& context) {
  add_command(root, context,
              {"pause",
               "Stop moving for a while",
               "Copying, following and proving stop at a safe point; the process stays. The "
               "source's log must be kept for as long as the pause lasts.",
               {"wherry pause"},
               {ExitCode::ok, ExitCode::error}},
              NeedsConfig::yes,
              [&context] { return once_it_answers([&] { return set_paused(context, true); }); });
}

void add_resume(CLI::App& root, Context& context) {
  add_command(
      root, context,
      {"resume", "Go on after a pause", "", {"wherry resume"}, {ExitCode::ok, ExitCode::error}},
      NeedsConfig::yes,
      [&context] { return once_it_answers([&] { return set_paused(context, false); }); });
}

}  // namespace wherry::app
