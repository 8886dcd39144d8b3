#pragma once
// Another program, run to its end with all that it starts. Thread-safe.

#include <chrono>
#include <cstddef>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace wherry::base {

struct Program {
  std::vector<std::string> words;                    // the first is looked up in PATH
  std::map<std::string, std::string> environment{};  // beside that of this process
  std::string folder{};     // where it runs; empty: where this process does
  std::string input{};      // what it reads
  std::size_t kept = 4096;  // bytes of what it says, the last ones
};

struct ProgramEnd {
  int code = 0;         // its exit code; 128 + n: it was ended by signal n
  bool in_time = true;  // false: it was ended because its time was over
  std::string output;   // the end of what it said on stdout and stderr
};

// Returns when the program has ended; what it has started and left behind goes on, with nobody who
// reads what that says. When `at_most` is over, or a stop is requested, its process group is told
// to end (SIGTERM), and killed two seconds later; when this process dies, it is killed at once.
// Throws Error(cancelled) on stop, Error(rejected, "process.not_started").
ProgramEnd run_program(const Program& program, std::chrono::milliseconds at_most,
                       const std::stop_token& stop);

}  // namespace wherry::base
