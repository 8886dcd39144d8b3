// `wherry assess`: looks at both sides and says what stands in the way. Changes nothing.

#include <algorithm>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/open_migration.h"
#include "app/output.h"

namespace wherry::app {

namespace {

ExitCode run_assess(Context& context) {
  const auto config = load_config(context);
  if (!config) return ExitCode::usage;
  const auto findings = assess(*config);
  const bool blocked = std::any_of(findings.begin(), findings.end(), [](const auto& finding) {
    return finding.severity == model::Severity::blocker;
  });
  if (context.json) {
    print_json(context, "assessment", {{"ready", !blocked}, {"findings", findings}});
  } else {
    for (const auto& line : finding_lines(findings, context.color_on_out())) {
      context.out << line << "\n";
    }
    context.out << (blocked ? "not ready: blockers have to be mended first\n"
                            : "ready: nothing stands in the way\n");
  }
  return blocked ? ExitCode::blocked : ExitCode::ok;
}

}  // namespace

void add_assess(CLI::App& root, Context& context) {
  add_command(root, context,
              {"assess",
               "Check both sides before anything moves",
               "Versions, privileges, settings, tables and what they hold, each finding with why "
               "and what to do. Changes nothing on either side.",
               {"wherry assess", "wherry assess --json"},
               {ExitCode::ok, ExitCode::error, ExitCode::blocked}},
              NeedsConfig::yes, [&context] { return run_assess(context); });
}

}  // namespace wherry::app
