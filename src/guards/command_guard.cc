#include "guards/command_guard.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "guards/by_hand.h"
#include "guards/program_end.h"

namespace wherry::guards {

using base::Error;
using base::ErrorKind;

std::vector<model::Finding> CommandGuard::assess() {
  std::vector<model::Finding> findings;
  const auto look_at = [&](const ShellCommand& command, const std::string& action) {
    const std::string why = command.in_the_way();
    if (why.empty()) return;
    findings.push_back({model::Severity::blocker, "guard.command_missing", side_,
                        "the command that is to " + action + " cannot be started: " + why,
                        "mend cutover.guards.command." + action});
  };
  look_at(commands_.raise, "raise");
  look_at(commands_.lower, "lower");
  if (commands_.check) look_at(*commands_.check, "check");
  return findings;
}

contract::GuardUndo CommandGuard::look() {
  return {"",
          {by_hand("WHERRY_ACTION=lower WHERRY_SIDE=" + side_ + ", with /bin/sh in " +
                       base::printable(commands_.lower.folder()),
                   commands_.lower.text())}};
}

void CommandGuard::raise(const contract::GuardUndo& /*undo*/, const std::stop_token& stop) {
  if (is_active()) run(commands_.raise, "raise", stop);
}

void CommandGuard::lower(const contract::GuardUndo& /*undo*/, const std::stop_token& stop) {
  if (is_active()) run(commands_.lower, "lower", stop);
}

std::vector<contract::Writer> CommandGuard::drain(std::chrono::milliseconds patience,
                                                  const std::stop_token& stop) {
  if (!commands_.check || !is_active()) return {};
  constexpr std::chrono::milliseconds between(100);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto end = commands_.check->run(side_, "check", commands_.timeout, stop);
    const std::string why = failure(end, commands_.timeout);
    if (why.empty()) return {};
    if (std::chrono::steady_clock::now() + between >= until) {
      return {{fmt::format("'{}' ({})", commands_.check->printable(), why), last_words(end)}};
    }
    std::this_thread::sleep_for(between);
  }
}

bool CommandGuard::is_active() const { return commands_.raise.active_side() == side_; }

void CommandGuard::run(const ShellCommand& command, const std::string& action,
                       const std::stop_token& stop) const {
  const auto end = command.run(side_, action, commands_.timeout, stop);
  const std::string why = failure(end, commands_.timeout);
  if (why.empty()) return;
  throw Error(ErrorKind::rejected, "guard.command_failed",
              fmt::format("the command that {}s a guard of the {} has failed: '{}': {}", action,
                          side_, command.printable(), why),
              last_words(end));
}

}  // namespace wherry::guards
