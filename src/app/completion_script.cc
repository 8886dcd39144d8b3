#include "app/completion_script.h"

#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace wherry::app {

namespace {

// What may stand as an option's value.
struct Value {
  enum class Kind { none, free, file, words } kind = Kind::none;
  std::vector<std::string> words;
};

// CLI11 tells the words of IsMember only in the type's name: "TEXT:{bash,zsh}".
Value value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  if (open != std::string::npos && close != std::string::npos) {
    Value value{Value::Kind::words, {}};
    for (std::size_t at = open + 1; at <= close;) {
      const std::size_t end = std::min(type.find(',', at), close);
      value.words.push_back(type.substr(at, end - at));
      at = end + 1;
    }
    return value;
  }
  const bool path = type.find("FILE") != std::string::npos || type.find("DIR") != std::string::npos;
  return {path ? Value::Kind::file : Value::Kind::free, {}};
}

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::vector<const CLI::App*> commands_of(const CLI::App& root) {
  return root.get_subcommands([](const CLI::App*) { return true; });
}

std::string bash_command(const CLI::App& command) {
  std::vector<std::string> words;
  std::string by_option;
  for (const CLI::Option* option : command.get_options()) {
    const std::vector<std::string> names = names_of(*option);
    const Value value = value_of(*option);
    if (names.empty()) {
      words.insert(words.end(), value.words.begin(), value.words.end());
      continue;
    }
    words.insert(words.end(), names.begin(), names.end());
    const std::string pattern = fmt::format("{}", fmt::join(names, "|"));
    switch (value.kind) {
      case Value::Kind::none:
        break;
      case Value::Kind::free:
        by_option += fmt::format("        {}) return ;;\n", pattern);
        break;
      case Value::Kind::file:
        by_option += fmt::format(
            "        {}) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n",
            pattern);
        break;
      case Value::Kind::words:
        by_option +=
            fmt::format("        {}) COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return ;;\n",
                        pattern, fmt::join(value.words, " "));
        break;
    }
  }
  std::string text = fmt::format("    {})\n", command.get_name());
  if (!by_option.empty()) text += "      case \"$prev\" in\n" + by_option + "      esac\n";
  text +=
      fmt::format("      COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")) ;;\n", fmt::join(words, " "));
  return text;
}

// Text inside '…' of a zsh _arguments specification.
std::string zsh_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else if (c == '[' || c == ']' || c == ':' || c == '\\') {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string zsh_value(const Value& value) {
  switch (value.kind) {
    case Value::Kind::none:
      return "";
    case Value::Kind::free:
      return ":value: ";
    case Value::Kind::file:
      return ":file:_files";
    case Value::Kind::words:
      return fmt::format(":value:({})", fmt::join(value.words, " "));
  }
  return "";
}

std::string zsh_command(const CLI::App& command) {
  std::string text = fmt::format("    {})\n      _arguments", command.get_name());
  for (const CLI::Option* option : command.get_options()) {
    const Value value = value_of(*option);
    const std::vector<std::string> names = names_of(*option);
    if (names.empty()) {
      text += fmt::format(" \\\n        ':{}{}'", zsh_escaped(option->get_name()),
                          value.kind == Value::Kind::words
                              ? fmt::format(":({})", fmt::join(value.words, " "))
                              : ": ");
      continue;
    }
    for (const std::string& name : names) {
      text += fmt::format(" \\\n        '{}[{}]{}'", name, zsh_escaped(option->get_description()),
                          zsh_value(value));
    }
  }
  return text + " ;;\n";
}

}  // namespace

std::string bash_completion(const CLI::App& root) {
  std::vector<std::string> names;
  std::string cases;
  for (const CLI::App* command : commands_of(root)) {
    names.push_back(command->get_name());
    cases += bash_command(*command);
  }
  return fmt::format(
      R"(# bash completion for wherry; made by `wherry completion bash`
_wherry() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{} --help --version" -- "$cur"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{}  esac
}}
complete -F _wherry wherry
)",
      fmt::join(names, " "), cases);
}

std::string zsh_completion(const CLI::App& root) {
  std::string list;
  std::string cases;
  for (const CLI::App* command : commands_of(root)) {
    list +=
        fmt::format("    '{}:{}'\n", command->get_name(), zsh_escaped(command->get_description()));
    cases += zsh_command(*command);
  }
  return fmt::format(
      R"(#compdef wherry
# made by `wherry completion zsh`
_wherry() {{
  local -a commands
  commands=(
{}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
{}  esac
}}
_wherry "$@"
)",
      list, cases);
}

}  // namespace wherry::app
