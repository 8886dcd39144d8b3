#include "engine/undo_script.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace wherry::engine {

namespace {

// A name may hold anything; a comment ends with its line.
std::string in_comment(std::string_view text) { return base::printable(text); }

}  // namespace

std::string undo_script(Side side, std::string_view server, const std::vector<NamedUndo>& undos) {
  std::string out = fmt::format(
      "-- Opens the {} of the migration for writing again: {}\n"
      "-- Written before its guards were raised. For when Wherry cannot do it (`wherry rollback`,\n"
      "-- `wherry run`): run it there with the server's own client, as an account that may GRANT.\n"
      "-- It can be run more than once.\n",
      to_string(side), in_comment(server));
  std::for_each(undos.rbegin(), undos.rend(), [&](const NamedUndo& named) {
    out += fmt::format("\n-- guard {}\n", in_comment(named.guard));
    for (const auto& statement : named.undo.statements) out += statement + ";\n";
  });
  return out;
}

}  // namespace wherry::engine
