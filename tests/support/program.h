// Runs other programs from tests and keeps what they say.
//
// Thread-safety: run() from any thread; a Program from one at a time. Ownership: a Program kills
// (-9) and reaps its process when destroyed. Errors: std::system_error when it cannot start;
// an exit code is a value.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wherry::tests {

struct RunResult {
  int exit_code = -1;  // 128 + signal when killed by one
  std::string output;  // stdout and stderr together
};

// Runs to the end. The first word is looked up in PATH.
RunResult run(const std::vector<std::string>& command);

// A program in the background, its stdout and stderr in one file.
class Program {
 public:
  Program(const std::vector<std::string>& command, std::filesystem::path output);
  Program(Program&& other) noexcept;
  Program& operator=(Program&& other) noexcept;
  ~Program();

  pid_t pid() const { return pid_; }
  const std::filesystem::path& output_file() const { return output_; }
  std::string output() const;
  bool running();
  void send(int signal) const;
  void kill9();
  // The exit code, or nothing when it still runs after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit);

 private:
  pid_t pid_ = 0;  // 0: reaped or moved from
  std::filesystem::path output_;
  std::optional<int> exit_code_;
};

// An empty directory under TMPDIR (or /tmp), removed on destruction.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::string& name);
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Whether the folders of servers and programs are left as they are, to be looked at: WHERRY_KEEP is
// set.
bool keeps_what_was_made();

// Makes an empty directory with a name of its own that nobody removes.
std::filesystem::path make_temporary_directory(const std::string& name);

}  // namespace wherry::tests
