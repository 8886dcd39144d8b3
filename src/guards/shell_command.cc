#include "guards/shell_command.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/text.h"
#include "guards/program_end.h"

namespace wherry::guards {

namespace {

// "" if the shell makes something else of it than the name of a program.
std::string first_word(const std::string& text) {
  std::istringstream in(text);
  std::string word;
  in >> word;
  constexpr std::string_view of_the_shell = "$`'\"\\(){}[]<>|&;*?~#!=";
  return word.find_first_of(of_the_shell) == std::string::npos ? word : "";
}

}  // namespace

std::string ShellCommand::printable() const {
  constexpr std::size_t most = 60;
  const auto is_inside_a_character = [](char c) { return (c & '\xC0') == '\x80'; };
  const auto lines = printable_lines(text_);
  std::string text = lines.empty() ? "" : lines.front();
  if (lines.size() < 2 && text.size() <= most) return text;
  std::size_t end = std::min(most, text.size());
  while (end < text.size() && is_inside_a_character(text[end])) --end;
  return text.substr(0, end) + " …";
}

std::string ShellCommand::in_the_way() const {
  const std::string word = first_word(text_);
  if (word.empty()) return "";
  if (word.find('/') == std::string::npos) {
    constexpr std::chrono::seconds at_most(10);
    const auto end = base::run_program(
        {{"/bin/sh", "-c", "command -v \"$0\"", word}, {}, scene_.folder}, at_most, {});
    return end.code == 0 ? "" : fmt::format("there is no program '{}' in PATH", word);
  }
  const auto file = std::filesystem::path(scene_.folder) / word;
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    return fmt::format("there is no file {}", base::printable(file.string()));
  }
  if (::access(file.c_str(), X_OK) == 0) return "";
  return fmt::format("{} cannot be executed", base::printable(file.string()));
}

base::ProgramEnd ShellCommand::run(const std::string& side, const std::string& action,
                                   std::chrono::milliseconds at_most,
                                   const std::stop_token& stop) const {
  const auto began = std::chrono::steady_clock::now();
  const base::Program program{
      {"/bin/sh", "-c", text_},
      {{"WHERRY_MIGRATION", scene_.migration}, {"WHERRY_SIDE", side}, {"WHERRY_ACTION", action}},
      scene_.folder};
  auto end = base::run_program(program, at_most, stop);
  const auto lasted = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began);
  spdlog::debug("{} for the {}: '{}' ended with {} after {}: {}", action, side, printable(),
                end.code, base::human_duration(lasted), last_words(end));
  return end;
}

}  // namespace wherry::guards
