#include "tests/support/wherry.h"

#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

namespace wherry::tests {

namespace {

void write_store(std::ostream& out, const char* side, const Server& server) {
  out << side << ":\n  type: mysql\n  socket: " << server.socket() << "\n  user: root\n";
}

// It blocks the signals that it waits for.
bool waits_for_sigterm(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("SigBlk:")) continue;
    return (std::stoull(line.substr(7), nullptr, 16) >> (SIGTERM - 1) & 1U) != 0;
  }
  return false;
}

}  // namespace

Wherry::Wherry(const Server& source, const Server& target, const std::vector<std::string>& tables,
               const std::string& more, const std::vector<std::string>& source_keys)
    : directory_("wherry") {
  config_ = directory_.path() / "wherry.yaml";
  std::ofstream out(config_);
  out << "name: test\n";
  write_store(out, "source", source);
  for (const auto& line : source_keys) out << "  " << line << "\n";
  write_store(out, "target", target);
  out << "tables:\n  include:\n";
  for (const auto& table : tables) out << "    - \"" << table << "\"\n";
  out << "journal: " << (directory_.path() / "journal").string() << "\n" << more;
}

void Wherry::start(const std::vector<std::string>& options) {
  std::vector<std::string> words{WHERRY_BINARY, "run", "--config", config_.string(), "--verbose"};
  words.insert(words.end(), options.begin(), options.end());
  run_.emplace(std::move(words), directory_.path() / ("run" + std::to_string(++runs_) + ".log"));
}

bool Wherry::running() { return run_ && run_->running(); }

void Wherry::kill9() { run_->kill9(); }

void Wherry::hold_still() { ::kill(run_->pid(), SIGSTOP); }

void Wherry::go_on() { ::kill(run_->pid(), SIGCONT); }

std::optional<int> Wherry::stop(std::chrono::seconds limit) {
  // One that has just been started does not hear it yet, and would end as any program does.
  const auto until = std::chrono::steady_clock::now() + limit;
  while (running() && !waits_for_sigterm(run_->pid()) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  run_->send(SIGTERM);
  return run_->wait(limit);
}

std::optional<int> Wherry::wait(std::chrono::seconds limit) { return run_->wait(limit); }

std::string Wherry::output() const {
  std::string all;
  for (int i = 1; i <= runs_; ++i) {
    std::ifstream in(directory_.path() / ("run" + std::to_string(i) + ".log"));
    std::stringstream text;
    text << in.rdbuf();
    all += "--- run " + std::to_string(i) + "\n" + text.str();
  }
  return all;
}

RunResult Wherry::command(std::vector<std::string> words) const {
  words.insert(words.begin(), WHERRY_BINARY);
  words.insert(words.end(), {"--config", config_.string()});
  return run(words);
}

}  // namespace wherry::tests
