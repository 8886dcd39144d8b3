#pragma once
// A status document (kind "status", see engine/status.h) as lines for people. Pure functions: what
// the document does not say is left out or shown as "-", and no field is needed.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace wherry::app {

struct View {
  std::size_t width = 80;   // no line is wider
  std::size_t height = 24;  // no more lines; 0: no bound
  bool color = false;
  bool notes = false;       // findings that are only notes too
  bool all_tables = false;  // else only those where something goes on or is wrong
};

std::vector<std::string> status_lines(const nlohmann::json& status, const View& view);

// All of it in one line, for logs.
std::string status_line(const nlohmann::json& status);

// How many columns a terminal takes for it; colour escapes count nothing.
std::size_t display_width(std::string_view text);
// Cut to at most `width` columns, with "…" when something was cut off and colours ended.
std::string fit(std::string_view text, std::size_t width);

}  // namespace wherry::app
