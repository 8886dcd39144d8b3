#pragma once
// Where the lines of the log go besides standard error. Thread-safe.

#include <filesystem>
#include <functional>
#include <string_view>

namespace wherry::app {

// Also to this file, readable by its owner only; three older ones of 10 MiB are kept.
void log_to_file(const std::filesystem::path& file);

// To this function in place of standard error; null = to standard error again.
void log_lines_above(const std::function<void(std::string_view)>& line);

}  // namespace wherry::app
