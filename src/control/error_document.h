#pragma once
// An error as a JSON document {"schema":1,"kind":"error","code",…} and back, so that a client
// throws what the server threw. Pure functions.

#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"

namespace wherry::control {

nlohmann::json error_document(const base::Error& error);
// Nothing if the document is no error document.
std::optional<base::Error> error_in(const nlohmann::json& document);

}  // namespace wherry::control
