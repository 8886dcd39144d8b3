#pragma once
// From a YAML file to a typed Migration. Every problem is told at once, each with its line.
// Thread-safety: free functions without shared state. Errors: load() throws Error(rejected, <first
// problem's code>); the others return problems as values.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/migration.h"
#include "config/problem.h"

namespace wherry::config {

// What defaults depend on.
struct Surroundings {
  std::string wherry_state_dir;  // $WHERRY_STATE_DIR
  std::string xdg_state_home;
  std::string home;
  bool root = false;
  static Surroundings of_process();
};

// Where the journals of this user's migrations live, one folder a migration: $WHERRY_STATE_DIR,
// /var/lib/wherry for root, else ~/.local/state/wherry. Empty if there is no home.
std::filesystem::path state_root(const Surroundings& surroundings);

// A migration is only there if there are no problems.
struct Loaded {
  std::optional<Migration> migration;
  std::vector<Problem> problems;
};

// Relative paths in the file are relative to the file's folder.
Loaded parse(std::string_view text, const std::filesystem::path& file,
             const Surroundings& surroundings);
Loaded read(const std::filesystem::path& file, const Surroundings& surroundings);
Migration load(const std::filesystem::path& file);

}  // namespace wherry::config
