#include "app/man_page.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/version.h"

namespace wherry::app {

namespace {

// Plain text as roff: no character of it is a request or an escape.
std::string roff(std::string_view text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    line_start = c == '\n';
  }
  return out;
}

// "FILE"; "bash|zsh" where CLI11 says "TEXT:{bash,zsh}".
std::string value_name(const CLI::Option& option) {
  std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  if (open == std::string::npos) return type;
  type = type.substr(open + 1, type.find('}') - open - 1);
  std::replace(type.begin(), type.end(), ',', '|');
  return type;
}

std::string option_text(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  const bool positional = names.empty();
  if (positional) names.push_back(option.get_name());
  std::string text =
      fmt::format(".TP\n\\fB{}\\fR", roff(fmt::format("{}", fmt::join(names, ", "))));
  if (option.get_items_expected_max() > 0 && !positional) {
    text += fmt::format(" \\fI{}\\fR", roff(value_name(option)));
  }
  text += "\n" + roff(option.get_description());
  if (!option.get_default_str().empty()) {
    text += fmt::format(" (default: {})", roff(option.get_default_str()));
  }
  return text + "\n";
}

std::string command_text(const CLI::App& command, const CommandText& text) {
  std::string out = fmt::format(".SS wherry {}\n{}.\n", roff(text.name), roff(text.summary));
  if (!text.details.empty()) out += ".PP\n" + roff(text.details) + "\n";
  for (const CLI::Option* option : command.get_options()) out += option_text(*option);
  out += ".PP\nExample:\n.PP\n.nf\n.RS 4\n";
  for (const std::string& example : text.examples) out += roff(example) + "\n";
  out += ".RE\n.fi\n.PP\nExit codes:";
  std::string_view separator = " ";
  for (const ExitCode code : text.exits) {
    out += fmt::format("{}{}", separator, static_cast<int>(code));
    separator = ", ";
  }
  return out + "\n";
}

}  // namespace

std::string man_page(const CLI::App& root, const std::vector<CommandText>& commands) {
  std::string page = fmt::format(
      ".TH WHERRY 1 \"\" \"wherry {}\" \"User Commands\"\n"
      ".SH NAME\nwherry \\- move live data to its new home\n"
      ".SH SYNOPSIS\n.B wherry\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n"
      ".SH DESCRIPTION\n{}\n"
      ".SH COMMANDS\n",
      version(), roff(root.get_description()));
  for (const CommandText& text : commands) {
    page += command_text(*root.get_subcommand(text.name), text);
  }
  page += ".SH EXIT STATUS\n";
  for (const ExitCodeMeaning& row : exit_codes()) {
    page += fmt::format(".TP\n.B {}\n{}\n", static_cast<int>(row.code), roff(row.meaning));
  }
  page +=
      ".SH FILES\n"
      ".TP\n.I wherry.yaml\nThe config, in the folder wherry is started in.\n"
      ".TP\n.I /var/lib/wherry/NAME\nThe journal of a migration run by root.\n"
      ".TP\n.I ~/.local/state/wherry/NAME\nThe journal of a migration run by anybody else.\n"
      ".SH ENVIRONMENT\n"
      ".TP\n.B WHERRY_STATE_DIR\nThe folder that holds the journals, one folder a migration.\n"
      ".TP\n.B NO_COLOR\nWhen set, nothing is coloured.\n";
  return page;
}

}  // namespace wherry::app
