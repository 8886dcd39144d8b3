#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include <unistd.h>

#include "app/command_line.h"

int main(int argc, char** argv) {
  using wherry::app::Context;
  Context context(std::cout, std::cerr);
  context.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  context.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  const char* no_color = std::getenv("NO_COLOR");
  context.no_color_asked = no_color != nullptr && *no_color != '\0';
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const wherry::app::ExitCode code = wherry::app::run_command_line(arguments, context);
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "wherry: the answer could not be written\n";
    return static_cast<int>(wherry::app::ExitCode::error);
  }
  return static_cast<int>(code);
}
