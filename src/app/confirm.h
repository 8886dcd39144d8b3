#pragma once
// Asking a person before something that is not undone by itself.

#include <optional>
#include <string>

#include "app/context.h"
#include "app/exit_codes.h"

namespace wherry::app {

// Nothing: the answer was yes. Else the command's end: nobody is there to be asked, or it was no.
std::optional<ExitCode> refused(Context& context, const std::string& question);

}  // namespace wherry::app
