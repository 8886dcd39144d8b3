#include <ostream>

#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/man_page.h"
#include "app/output.h"

namespace wherry::app {

void add_man(CLI::App& root, Context& context) {
  add_command(root, context,
              {"man", "Print the manual page", "", {"wherry man | man -l -"}, {ExitCode::ok}},
              NeedsConfig::no, [&root, &context] {
                const std::string page = man_page(root, context.commands);
                if (context.json) {
                  print_json(context, "man", {{"page", page}});
                } else {
                  context.out << page;
                }
                return ExitCode::ok;
              });
}

}  // namespace wherry::app
