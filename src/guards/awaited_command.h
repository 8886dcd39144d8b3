#pragma once
// What is waited for by a command of the user: it ends by itself, with exit code 0, when that is
// done. As contract/awaited.h says.

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/awaited.h"
#include "guards/shell_command.h"

namespace wherry::guards {

class AwaitedCommand final : public contract::Awaited {
 public:
  AwaitedCommand(ShellCommand command, std::chrono::milliseconds patience)
      : command_(std::move(command)), patience_(patience) {}

  std::string name() const override { return command_.printable(); }
  std::chrono::milliseconds patience() const override { return patience_; }
  std::vector<model::Finding> assess() override;
  void wait(std::chrono::milliseconds at_most, const std::stop_token& stop) override;

 private:
  const ShellCommand command_;
  const std::chrono::milliseconds patience_;
};

}  // namespace wherry::guards
