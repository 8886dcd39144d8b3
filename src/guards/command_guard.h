#pragma once
// The guard "command": commands of the user that stop and start what writes, or send it elsewhere.
// As contract/guard.h says; exit code 0 is success. They run for the side that applications write
// to alone: at the other there is nothing to be stopped, and what lets applications in there must
// not run before the switch, nor for a rehearsal. Knows no store, so nothing but its `check` tells
// whether it holds. What lowers it is the command that the configuration has then.

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/guard.h"
#include "guards/shell_command.h"

namespace wherry::guards {

struct Commands {
  ShellCommand raise;
  ShellCommand lower;
  std::optional<ShellCommand> check;  // ends with 0 when nobody writes; else says who does
  std::chrono::milliseconds timeout;  // of each
};

class CommandGuard final : public contract::Guard {
 public:
  // `side`: "source", "target".
  CommandGuard(std::string side, Commands commands)
      : side_(std::move(side)), commands_(std::move(commands)) {}

  std::string name() const override { return "command"; }
  std::vector<model::Finding> assess() override;
  contract::GuardUndo look() override;
  void raise(const contract::GuardUndo& undo, const std::stop_token& stop) override;
  std::vector<contract::Writer> drain(std::chrono::milliseconds patience,
                                      const std::stop_token& stop) override;
  void lower(const contract::GuardUndo& undo, const std::stop_token& stop) override;

 private:
  bool is_active() const;
  void run(const ShellCommand& command, const std::string& action,
           const std::stop_token& stop) const;

  const std::string side_;
  const Commands commands_;
};

}  // namespace wherry::guards
