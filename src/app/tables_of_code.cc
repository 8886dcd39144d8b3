// `wherry states` and `wherry stores`: tables that the code itself holds.

#include <ostream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/command.h"
#include "app/output.h"
#include "app/stores.h"
#include "engine/states.h"

namespace wherry::app {

namespace {

ExitCode print_states(Context& context) {
  if (context.json) {
    auto rows = nlohmann::json::array();
    for (const auto& t : engine::transitions) {
      rows.push_back({{"from", engine::to_string(t.from)},
                      {"to", engine::to_string(t.to)},
                      {"when", t.when},
                      {"undo", t.undo}});
    }
    print_json(context, "states", {{"transitions", rows}});
    return ExitCode::ok;
  }
  for (const auto& t : engine::transitions) {
    context.out << fmt::format("{:<10} → {:<10} when {}\n{:25}undo: {}\n",
                               engine::to_string(t.from), engine::to_string(t.to), t.when, "",
                               t.undo);
  }
  context.out << "paused is a flag beside the state\n";
  return ExitCode::ok;
}

ExitCode print_stores(Context& context) {
  auto rows = nlohmann::json::array();
  for (const StoreKind& kind : stores()) {
    rows.push_back({{"name", kind.name},
                    {"what", kind.what},
                    {"source", kind.is_source()},
                    {"target", kind.is_target()},
                    {"follows_changes", kind.follows_changes}});
  }
  if (context.json) {
    print_json(context, "stores", {{"stores", rows}});
    return ExitCode::ok;
  }
  const auto yes = [](const nlohmann::json& value) { return value.get<bool>() ? "yes" : "-"; };
  context.out << fmt::format("{:<8} {:<7} {:<7} {:<8} {}\n", "store", "source", "target", "follows",
                             "holds");
  for (const auto& row : rows) {
    context.out << fmt::format("{:<8} {:<7} {:<7} {:<8} {}\n", row.at("name").get<std::string>(),
                               yes(row.at("source")), yes(row.at("target")),
                               yes(row.at("follows_changes")), row.at("what").get<std::string>());
  }
  return ExitCode::ok;
}

}  // namespace

void add_states(CLI::App& root, Context& context) {
  add_command(root, context,
              {"states",
               "Print the states of a migration and the steps between them",
               "",
               {"wherry states"},
               {ExitCode::ok}},
              NeedsConfig::no, [&context] { return print_states(context); });
}

void add_stores(CLI::App& root, Context& context) {
  add_command(root, context,
              {"stores",
               "Print which kinds of store there are and what each can",
               "",
               {"wherry stores"},
               {ExitCode::ok}},
              NeedsConfig::no, [&context] { return print_stores(context); });
}

}  // namespace wherry::app
