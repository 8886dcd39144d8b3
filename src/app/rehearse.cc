// `wherry rehearse`: others write to the target as they like for a while; then what they changed is
// undone. By the process that runs the migration.

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ask.h"
#include "app/checks.h"
#include "app/command.h"
#include "app/confirm.h"
#include "app/output.h"
#include "app/rehearse_view.h"
#include "base/error.h"
#include "config/units.h"

namespace wherry::app {

namespace {

using namespace std::chrono_literals;

struct RehearseFlags {
  std::string action;
  bool dry_run = false;
  bool resync = false;
  bool yes = false;
  std::string lasting = "24 h";
};

nlohmann::json ask_or_throw(const config::Migration& config, const std::string& method,
                            const std::string& path, const nlohmann::json& body = {}) {
  auto answer = ask_running(config, method, path, body.is_null() ? "" : body.dump());
  if (answer) return std::move(*answer);
  throw base::Error(base::ErrorKind::rejected, "rehearsal.not_running",
                    "nothing runs this migration",
                    "start `wherry run` and ask again: a rehearsal goes on where it was");
}

ExitCode begin(Context& context, const config::Migration& config, const RehearseFlags& flags) {
  const auto lasting = config::parse_duration(flags.lasting);
  if (!lasting) {
    return report_usage(context, fmt::format("--lasting: '{}'", flags.lasting),
                        std::string(config::duration_form));
  }
  const nlohmann::json body{
      {"lasting_seconds", std::chrono::ceil<std::chrono::seconds>(*lasting).count()}};
  const auto checks = ask_or_throw(config, "POST", "/rehearsal/check", body);
  if (const auto end = end_of_checks(context, "rehearsal_checks", checks, flags.dry_run))
    return *end;
  const auto view = ask_or_throw(config, "POST", "/rehearsal/begin", body);
  if (context.json) {
    print_json(context, "rehearsal", view);
  } else {
    for (const auto& line : rehearsal_lines(view)) context.out << line << "\n";
    context.out << "the target may be written to now; `wherry rehearse end` undoes it\n";
  }
  return ExitCode::ok;
}

ExitCode tell(Context& context, const config::Migration& config) {
  const auto view = ask_or_throw(config, "GET", "/rehearsal");
  if (context.json) {
    print_json(context, "rehearsal", view);
  } else {
    for (const auto& line : rehearsal_lines(view)) context.out << line << "\n";
  }
  return ExitCode::ok;
}

// Until following has taken over again, or what was in the way is told.
nlohmann::json wait_tidied(const config::Migration& config) {
  while (true) {
    auto view = ask_or_throw(config, "GET", "/rehearsal");
    if (view.at("state") != "tidying") return view;
    std::this_thread::sleep_for(50ms);
  }
}

// While the source is written to, some key is dirty at any time.
nlohmann::json wait_proved(const config::Migration& config) {
  constexpr auto patience = 30s;
  std::optional<std::chrono::steady_clock::time_point> until;
  while (true) {
    auto status = wait_until_checked([&] { return ask_or_throw(config, "GET", "/status"); });
    const auto now = std::chrono::steady_clock::now();
    if (!until) until = now + patience;
    if (status.at("proof").at("dirty_keys") == 0 || now > *until) return status;
    std::this_thread::sleep_for(50ms);
  }
}

ExitCode end(Context& context, const config::Migration& config, const RehearseFlags& flags) {
  if (!flags.yes) {
    const auto no = refused(
        context, flags.resync
                     ? "Copy every table of the target again?"
                     : "Undo what was changed on the target, and drop what was made there?");
    if (no) return *no;
  }
  static_cast<void>(ask_or_throw(config, "POST", "/rehearsal/end", {{"resync", flags.resync}}));
  const auto view = wait_tidied(config);
  if (const auto& error = view.at("error"); !error.is_null()) {
    return report(context,
                  base::Error(base::ErrorKind::rejected, error.at("code"),
                              "the rehearsal goes on: " + error.at("message").get<std::string>()));
  }
  if (!context.json) {
    for (const auto& line : tidied_lines(view.at("last"))) context.out << line << "\n";
  }
  const auto status = wait_proved(config);
  if (context.json) {
    print_json(context, "rehearsal", view);
  } else {
    print_status(context, status, false);
  }
  return status.at("proof").at("all_proved").get<bool>() ? ExitCode::ok : ExitCode::different;
}

ExitCode rehearse(Context& context, const RehearseFlags& flags) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  if (flags.action == "begin") return begin(context, *config, flags);
  if (flags.action == "status") return tell(context, *config);
  return end(context, *config, flags);
}

}  // namespace

void add_rehearse(CLI::App& root, Context& context) {
  const auto flags = std::make_shared<RehearseFlags>();
  CLI::App& command = add_command(
      root, context,
      {"rehearse",
       "Try the target out with its real data, and undo it",
       "begin: following stands still at a recorded restore point, the target's guards come down, "
       "and tests may write there. status: what they have changed so far. end: the guards go up, "
       "exactly what was changed becomes the source's again, what was made is dropped, following "
       "goes on, and the command waits until all is proved. abort is another name for end. A "
       "`wherry run` must be running; when it is stopped and started, the rehearsal goes on.",
       {"wherry rehearse begin --dry-run", "wherry rehearse begin --lasting '8 h'",
        "wherry rehearse status", "wherry rehearse end --yes"},
       {ExitCode::ok, ExitCode::error, ExitCode::usage, ExitCode::blocked, ExitCode::different,
        ExitCode::stopped}},
      NeedsConfig::yes,
      [&context, flags] { return once_it_answers([&] { return rehearse(context, *flags); }); });
  command.add_option("action", flags->action, "What to do")
      ->required()
      ->check(CLI::IsMember({"begin", "status", "end", "abort"}));
  command.add_flag("--dry-run", flags->dry_run, "begin: only look whether everything is ready");
  command.add_option("--lasting", flags->lasting,
                     "begin: for how long both servers must keep their logs (24 h)");
  command.add_flag("--resync", flags->resync,
                   "end: copy every table again, whatever the target's log tells");
  command.add_flag("--yes", flags->yes, "end: do not ask");
}

}  // namespace wherry::app
