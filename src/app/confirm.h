#pragma once
// Asking a person before something that is not undone by itself.

#include <optional>
#include <string>

#include "app/context.h"

namespace wherry::app {

// Nothing: nobody is there to be asked.
std::optional<bool> confirmed(Context& context, const std::string& question);

}  // namespace wherry::app
