#pragma once
// What every command gets: where to write, what the common options say. One a process (tests make
// their own). Thread-safety: the main thread only.

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "app/exit_codes.h"

namespace wherry::app {

// What a command's help, its part of the man page and the completion say about it.
struct CommandText {
  std::string name;
  std::string summary;  // one line, no full stop
  std::string details;
  std::vector<std::string> examples;
  std::vector<ExitCode> exits;
};

struct Context {
  Context(std::ostream& out_stream, std::ostream& err_stream) : out(out_stream), err(err_stream) {}

  std::ostream& out;  // answers; with --json exactly one document
  std::ostream& err;  // everything else
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool no_color_asked = false;  // by the environment (NO_COLOR)

  // Set by the common options.
  bool json = false;
  bool quiet = false;
  bool verbose = false;
  bool no_color = false;
  std::filesystem::path config = "wherry.yaml";

  // Set while the command tree is made and parsed.
  std::vector<CommandText> commands;
  std::function<ExitCode()> action;  // of the command that was named

  bool color_on_out() const { return out_is_terminal && !no_color && !no_color_asked; }
  bool color_on_err() const { return err_is_terminal && !no_color && !no_color_asked; }
};

}  // namespace wherry::app
