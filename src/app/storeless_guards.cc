#include "app/storeless_guards.h"

#include <filesystem>
#include <string>
#include <utility>
#include <variant>

#include "engine/history.h"
#include "guards/awaited_command.h"
#include "guards/command_guard.h"
#include "guards/network_guard.h"

namespace wherry::app {

namespace {

guards::ShellCommand command(const std::string& text, const config::Migration& config,
                             journal::Journal& journal) {
  const auto active = [&journal] {
    return std::string(engine::to_string(engine::active_side(engine::state_of(journal))));
  };
  return {text,
          {config.name, std::filesystem::absolute(config.file).parent_path().string(), active}};
}

std::unique_ptr<contract::Guard> command_guard(const config::CommandGuard& wanted,
                                               const config::Migration& config, engine::Side side,
                                               journal::Journal& journal) {
  guards::Commands commands{command(wanted.raise, config, journal),
                            command(wanted.lower, config, journal), std::nullopt, wanted.timeout};
  if (!wanted.check.empty()) commands.check.emplace(command(wanted.check, config, journal));
  return std::make_unique<guards::CommandGuard>(std::string(engine::to_string(side)),
                                                std::move(commands));
}

// Null: that side has none.
std::unique_ptr<contract::Guard> network_guard(const config::NetworkGuard& wanted,
                                               const config::Migration& config, engine::Side side) {
  const bool of_source = side == engine::Side::source;
  const std::string& machine = of_source ? wanted.source : wanted.target;
  if (machine.empty()) return nullptr;
  const auto& server = std::get<config::MysqlStore>(of_source ? config.source : config.target);
  return std::make_unique<guards::NetworkGuard>(
      guards::GuardedPort{config.name, std::string(engine::to_string(side)), server.host,
                          server.port},
      guards::Host(machine), wanted.allow);
}

}  // namespace

Guards storeless_guards(const config::Migration& config, engine::Side side,
                        journal::Journal& journal) {
  const config::Guards& wanted = config.cutover.guards;
  Guards guards;
  if (wanted.command) guards.push_back(command_guard(*wanted.command, config, side, journal));
  if (wanted.network) {
    if (auto guard = network_guard(*wanted.network, config, side)) {
      guards.push_back(std::move(guard));
    }
  }
  return guards;
}

std::vector<std::unique_ptr<contract::Awaited>> awaited_commands(const config::Migration& config,
                                                                 journal::Journal& journal) {
  std::vector<std::unique_ptr<contract::Awaited>> all;
  for (const auto& [text, timeout] : config.cutover.wait_for) {
    all.push_back(
        std::make_unique<guards::AwaitedCommand>(command(text, config, journal), timeout));
  }
  return all;
}

}  // namespace wherry::app
