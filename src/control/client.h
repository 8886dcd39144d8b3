#pragma once
// Asks a running migration over its local socket. Thread-safety: free functions without shared
// state.

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "control/http.h"

namespace wherry::control {

// Nothing if no process listens there. Throws Error(transient, "control.timeout"),
// Error(connection_lost, "control.lost") when the answer breaks off, Error(rejected,
// "control.denied") for another user's socket, "control.path_too_long".
std::optional<Response> call(const std::filesystem::path& socket, const Request& request,
                             std::chrono::milliseconds patience = std::chrono::seconds(30));

// The same with JSON both ways; an error document that comes back is thrown as the error it tells.
std::optional<nlohmann::json> call_json(
    const std::filesystem::path& socket, const Request& request,
    std::chrono::milliseconds patience = std::chrono::seconds(30));

}  // namespace wherry::control
