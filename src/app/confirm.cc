#include "app/confirm.h"

#include <iostream>
#include <ostream>

#include <unistd.h>

namespace wherry::app {

std::optional<bool> confirmed(Context& context, const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1) return std::nullopt;
  context.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "yes";
}

}  // namespace wherry::app
