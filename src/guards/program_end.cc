#include "guards/program_end.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "base/text.h"

namespace wherry::guards {

std::vector<std::string> printable_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(base::printable(line));
  }
  return lines;
}

std::string failure(const base::ProgramEnd& end, std::chrono::milliseconds at_most) {
  constexpr int not_executable = 126;
  constexpr int not_found = 127;
  constexpr int of_signals = 128;
  if (!end.in_time) return "not done after " + base::human_duration(at_most) + ", and killed";
  if (end.code == 0) return "";
  if (end.code == not_found) return "exit code 127, as of a program that is not found";
  if (end.code == not_executable) return "exit code 126, as of a program that cannot be executed";
  if (end.code > of_signals) return fmt::format("ended by signal {}", end.code - of_signals);
  return fmt::format("exit code {}", end.code);
}

std::string last_words(const base::ProgramEnd& end) {
  constexpr std::size_t most = 5;
  const auto lines = printable_lines(end.output);
  std::string text;
  for (std::size_t i = lines.size() - std::min(most, lines.size()); i < lines.size(); ++i) {
    text += (text.empty() ? "" : " | ") + lines[i];
  }
  return text.empty() ? "it said nothing" : text;
}

}  // namespace wherry::guards
