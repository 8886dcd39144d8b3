#pragma once
// Internal to control: where the socket file is and whether it can be one.

#include <filesystem>

namespace wherry::control {

// Throws Error(rejected, "control.path_too_long") if the kernel takes no socket of that name.
void check_socket_path(const std::filesystem::path& socket);

}  // namespace wherry::control
