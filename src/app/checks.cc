#include "app/checks.h"

#include <algorithm>
#include <ostream>

#include <nlohmann/json.hpp>

#include "app/cutover_view.h"
#include "app/output.h"

namespace wherry::app {

std::optional<ExitCode> end_of_checks(Context& context, const std::string& kind,
                                      const nlohmann::json& checks, bool dry_run) {
  const bool all_hold = std::all_of(checks.begin(), checks.end(), [](const nlohmann::json& check) {
    return check.at("holds").get<bool>();
  });
  if (!context.json) {
    for (const auto& line : check_lines(checks)) context.out << line << "\n";
  }
  if (!dry_run && all_hold) return std::nullopt;
  if (context.json) {
    print_json(context, kind, {{"checks", checks}, {"all_hold", all_hold}});
  } else {
    context.out << (all_hold ? "everything is ready; nothing was done\n"
                             : "not ready; nothing was done\n");
  }
  return all_hold ? ExitCode::ok : ExitCode::blocked;
}

}  // namespace wherry::app
