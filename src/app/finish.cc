// `wherry finish`: the end of a migration that was switched over.

#include <memory>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/confirm.h"
#include "app/open_migration.h"
#include "app/output.h"

namespace wherry::app {

namespace {

struct FinishFlags {
  bool dry_run = false;
  bool yes = false;
  bool open_source = false;
};

ExitCode finish(Context& context, const FinishFlags& flags) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  const auto open = open_migration(*config);
  auto& migration = open->migration();
  engine::FinishOptions options{true, flags.open_source};
  const auto steps = migration.finish(options);
  if (!context.json) {
    for (const auto& step : steps) context.out << step << "\n";
  }
  if (!flags.dry_run) {
    if (!flags.yes) {
      const auto end = refused(context, "There is no way back behind this. Finish now?");
      if (end) return *end;
    }
    options.dry_run = false;
    (void)migration.finish(options);
  }
  if (context.json) {
    print_json(context, "finish", {{"steps", steps}, {"done", !flags.dry_run}});
  } else {
    context.out << (flags.dry_run ? "nothing was done\n" : "finished\n");
  }
  return ExitCode::ok;
}

}  // namespace

void add_finish(CLI::App& root, Context& context) {
  const auto flags = std::make_shared<FinishFlags>();
  CLI::App& command = add_command(
      root, context,
      {"finish",
       "End a migration that was switched over",
       "Lists what is removed and, when told to go on, removes it: from then on the source is not "
       "kept equal and there is no way back. The source stays closed to applications unless "
       "--open-source is given. Stop `wherry run` first.",
       {"wherry finish --dry-run", "wherry finish --yes"},
       {ExitCode::ok, ExitCode::error, ExitCode::usage, ExitCode::taken, ExitCode::stopped}},
      NeedsConfig::yes, [&context, flags] { return finish(context, *flags); });
  command.add_flag("--dry-run", flags->dry_run, "Only tell what would be removed");
  command.add_flag("--yes", flags->yes, "Do not ask");
  command.add_flag("--open-source", flags->open_source,
                   "Lower the source's guards: applications may write there again");
}

}  // namespace wherry::app
