#pragma once
// What `wherry` exits with. Stable: scripts match them. docs/exit-codes.md shows the same table (a
// test compares).

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace wherry::app {

enum class ExitCode {
  ok = 0,
  error = 1,
  usage = 2,
  blocked = 3,
  different = 4,
  taken = 5,
  stopped = 130,
};

struct ExitCodeMeaning {
  ExitCode code;
  std::string_view meaning;
};
const std::vector<ExitCodeMeaning>& exit_codes();  // in ascending order
std::string_view meaning(ExitCode code);

// The code an error ends the program with.
ExitCode exit_code_of(const base::Error& error);

// The content of docs/exit-codes.md.
std::string exit_codes_page();

}  // namespace wherry::app
