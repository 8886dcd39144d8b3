#pragma once
// What must hold before a step, as the running process answers, told to whoever asked for the step.

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "app/context.h"
#include "app/exit_codes.h"

namespace wherry::app {

// Nothing: all holds, and the step was asked for. Else the command's end, which is told as a
// document of this kind with --json.
std::optional<ExitCode> end_of_checks(Context& context, const std::string& kind,
                                      const nlohmann::json& checks, bool dry_run);

}  // namespace wherry::app
