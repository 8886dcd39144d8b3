#pragma once
// A command of the user, for /bin/sh, and what it is told of the migration. Thread-safe.

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "base/process.h"

namespace wherry::guards {

// What is the same for all commands of a migration.
struct Scene {
  std::string migration;                // its name
  std::string folder;                   // where commands run
  std::function<std::string()> active;  // which side applications write to: "source", "target"
};

class ShellCommand {
 public:
  ShellCommand(std::string text, Scene scene) : text_(std::move(text)), scene_(std::move(scene)) {}

  const std::string& text() const { return text_; }
  std::string printable() const;                               // on one line, not too long
  const std::string& folder() const { return scene_.folder; }  // where it runs
  std::string active_side() const { return scene_.active(); }

  // Why it could not be started, as far as its first word tells; "" = nothing is known to be in the
  // way. Starts nothing of it.
  std::string in_the_way() const;

  // In its environment are WHERRY_MIGRATION, WHERRY_SIDE and WHERRY_ACTION. As
  // base::run_program.
  base::ProgramEnd run(const std::string& side, const std::string& action,
                       std::chrono::milliseconds at_most, const std::stop_token& stop) const;

 private:
  const std::string text_;
  const Scene scene_;
};

}  // namespace wherry::guards
