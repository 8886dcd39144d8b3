// The product as a user runs it: its binary, a config file and a state directory of its own.
//
// Thread-safety: one thread. Ownership: the destructor kills the run and removes the directory.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/server.h"

namespace wherry::tests {

class Wherry {
 public:
  // `tables` are include globs; `more` is YAML appended to the config, `source_keys` are lines of
  // its source section.
  Wherry(const Server& source, const Server& target, const std::vector<std::string>& tables,
         const std::string& more = "", const std::vector<std::string>& source_keys = {});

  // Starts `wherry run` with further options.
  void start(const std::vector<std::string>& options = {});
  bool running();
  void kill9();
  // SIGSTOP and SIGCONT.
  void hold_still();
  void go_on();
  // SIGTERM; the exit code, or nothing if it did not end in time.
  std::optional<int> stop(std::chrono::seconds limit);
  std::optional<int> wait(std::chrono::seconds limit);
  std::string output() const;  // of all runs so far

  // Another command with this migration's config.
  RunResult command(std::vector<std::string> words) const;

  const std::filesystem::path& config() const { return config_; }
  const std::filesystem::path& directory() const { return directory_.path(); }

 private:
  TemporaryDirectory directory_;
  std::filesystem::path config_;
  std::optional<Program> run_;
  int runs_ = 0;
};

}  // namespace wherry::tests
