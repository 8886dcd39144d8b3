#include "base/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::base {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

[[noreturn]] void throw_not_started(const std::string& program, int error) {
  throw Error(ErrorKind::rejected, "process.not_started",
              "a program cannot be started: " + std::generic_category().message(error),
              printable(program));
}

class File {
 public:
  explicit File(int number) : number_(number) {
    if (number_ < 0) throw_not_started("", errno);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() { close(); }
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

std::array<int, 2> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_not_started("", errno);
  return ends;
}

struct Pipe {
  explicit Pipe(std::array<int, 2> ends = open_pipe()) : read_end(ends[0]), write_end(ends[1]) {}
  File read_end;
  File write_end;
};

int file_with(std::string_view text) {
  if (text.empty()) return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int file = ::memfd_create("input", MFD_CLOEXEC);
  const auto size = static_cast<ssize_t>(text.size());
  if (file >= 0 && ::pwrite(file, text.data(), text.size(), 0) != size) {
    ::close(file);
    return -1;
  }
  return file;
}

// A process of ours: killed, unless it has ended, and reaped.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (reaped_) return;
    ::kill(pid_, SIGKILL);
    static_cast<void>(reap());
  }
  pid_t pid() const { return pid_; }
  // Waits for its end.
  int reap() {
    int status = -1;
    while (!reaped_ && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    reaped_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  const pid_t pid_;
  bool reaped_ = false;
};

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (!more.contains(std::string(text.substr(0, text.find('='))))) all.emplace_back(text);
  }
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// In the group of that process; 0: in one of its own. It has no file of ours but these, and no
// signal blocked or ignored.
pid_t spawn(const Program& program, int input, int output, pid_t group) {
  auto words = program.words;
  auto environment = environment_with(program.environment);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  if (!program.folder.empty()) {
    posix_spawn_file_actions_addchdir_np(&files, program.folder.c_str());
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, group);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigdefault(&attributes, &all);
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, words.at(0).c_str(), &files, &attributes,
                                   pointers(words).data(), pointers(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw_not_started(program.words.at(0), error);
  return pid;
}

// Readable when it has ended. (The C library's own name for it is none of C++ in 2.36.)
int open_end_of(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

// Leads the group, and kills it when the other end of its input is closed: when we die.
Program watcher() { return {{"/bin/sh", "-c", "trap '' TERM; read -r nothing; kill -KILL 0"}}; }

// The group of one program.
class Group {
 public:
  explicit Group(const Program& program)
      : kept_(program.kept),
        watcher_(spawn(watcher(), life_.read_end.number(), null_.number(), 0)),
        program_(spawn(program, File(file_with(program.input)).number(), said_.write_end.number(),
                       watcher_.pid())),
        end_(open_end_of(program_.pid())) {
    said_.write_end.close();
    ::fcntl(said_.read_end.number(), F_SETFL, O_NONBLOCK);
  }

  // False: it runs on.
  bool wait_ended(Clock::time_point until, int alarm) {
    while (!wait(until, alarm)) {
      if (rang_ || Clock::now() >= until) return false;
    }
    read();
    return true;
  }

  // Asks it to end, and makes it.
  void end() {
    constexpr auto grace = 2s;
    const auto until = Clock::now() + grace;
    ::kill(-watcher_.pid(), SIGTERM);
    while (!(ended_ && silent_) && Clock::now() < until) wait(until, -1);
    ::kill(-watcher_.pid(), SIGKILL);
    read();
  }

  ProgramEnd told(bool in_time) { return {program_.reap(), in_time, std::move(output_)}; }

 private:
  // Until something happens. True: it has ended.
  bool wait(Clock::time_point until, int alarm) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    std::array<pollfd, 3> files{{{ended_ ? -1 : end_.number(), POLLIN, 0},
                                 {silent_ ? -1 : said_.read_end.number(), POLLIN, 0},
                                 {alarm, POLLIN, 0}}};
    ::poll(files.data(), files.size(),
           static_cast<int>(std::clamp<std::int64_t>(rest.count(), 0, 60'000)));
    ended_ = ended_ || files[0].revents != 0;
    if (files[1].revents != 0) read();
    rang_ = files[2].revents != 0;
    return ended_;
  }

  // What is in the pipe; who fills it faster than we read does not keep us.
  void read() {
    constexpr int parts_of_a_pipe = 17;
    std::array<char, 4096> part{};
    for (int parts = 0; parts < parts_of_a_pipe && !silent_; ++parts) {
      const ssize_t size = ::read(said_.read_end.number(), part.data(), part.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) return;
      silent_ = size == 0;
      output_.append(part.data(), static_cast<std::size_t>(size));
      if (output_.size() > kept_) output_.erase(0, output_.size() - kept_);
    }
  }

  const std::size_t kept_;
  File null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  Pipe life_;  // the watcher reads it, and nobody writes
  Pipe said_;
  Child watcher_;  // goes last: its number is the group's
  Child program_;
  File end_;  // of the program
  bool ended_ = false;
  bool silent_ = false;  // nobody is left who says anything
  bool rang_ = false;
  std::string output_;
};

}  // namespace

ProgramEnd run_program(const Program& program, std::chrono::milliseconds at_most,
                       const std::stop_token& stop) {
  const File alarm(::eventfd(0, EFD_CLOEXEC));
  const std::stop_callback ring(stop, [&alarm] { ::eventfd_write(alarm.number(), 1); });
  Group group(program);
  const bool in_time = group.wait_ended(Clock::now() + at_most, alarm.number());
  if (!in_time) group.end();
  if (!in_time && stop.stop_requested()) throw_cancelled();
  return group.told(in_time);
}

}  // namespace wherry::base
