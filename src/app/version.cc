#include "app/version.h"

#include <ostream>

#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/output.h"

namespace wherry::app {

std::string_view version() { return WHERRY_VERSION; }

std::string version_line() { return "wherry " + std::string(version()); }

void add_version(CLI::App& root, Context& context) {
  add_command(root, context,
              {"version", "Print the version", "", {"wherry version --json"}, {ExitCode::ok}},
              NeedsConfig::no, [&context] {
                if (context.json) {
                  print_json(context, "version", {{"version", std::string(version())}});
                } else {
                  context.out << version_line() << "\n";
                }
                return ExitCode::ok;
              });
}

}  // namespace wherry::app
