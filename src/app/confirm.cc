#include "app/confirm.h"

#include <iostream>
#include <ostream>

#include <unistd.h>

#include "app/output.h"

namespace wherry::app {

std::optional<ExitCode> refused(Context& context, const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1) {
    return report_usage(context, "nobody is there to be asked", "add --yes");
  }
  context.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "yes") return std::nullopt;
  return ExitCode::stopped;
}

}  // namespace wherry::app
