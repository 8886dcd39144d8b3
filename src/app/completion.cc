#include <memory>
#include <ostream>
#include <string>

#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/completion_script.h"
#include "app/output.h"

namespace wherry::app {

void add_completion(CLI::App& root, Context& context) {
  const auto shell = std::make_shared<std::string>();
  CLI::App& command = add_command(
      root, context,
      {"completion",
       "Print a shell's completion script",
       "",
       {"wherry completion bash > /etc/bash_completion.d/wherry",
        "wherry completion zsh > /usr/share/zsh/vendor-completions/_wherry"},
       {ExitCode::ok}},
      NeedsConfig::no, [&root, &context, shell] {
        const std::string script = *shell == "bash" ? bash_completion(root) : zsh_completion(root);
        if (context.json) {
          print_json(context, "completion", {{"shell", *shell}, {"script", script}});
        } else {
          context.out << script;
        }
        return ExitCode::ok;
      });
  command.add_option("shell", *shell, "Which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}));
}

}  // namespace wherry::app
