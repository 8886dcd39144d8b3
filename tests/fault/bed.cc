#include "tests/fault/bed.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/compare.h"

namespace wherry::tests {

using namespace std::chrono_literals;

namespace {

std::string content(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

int from_environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

unsigned seed_of_run() { return static_cast<unsigned>(from_environment("WHERRY_SEED", 1)); }

bool is_soak() { return std::getenv("WHERRY_SOAK") != nullptr; }

int times(int usually) { return is_soak() ? 20 * usually : usually; }

Bed::Bed(ServerOptions source_options, ServerOptions target_options, ServerKind target_kind)
    : source(Server::start_mariadb(std::move(source_options))),
      target(Server::start(target_kind, std::move(target_options))) {}

void Bed::start_load(int rows, int rate) {
  load_.emplace(std::vector<std::string>{WHERRY_LOAD, "--socket", source.socket(), "--user", "root",
                                         "--simple", "bank.t1", "--rows", std::to_string(rows),
                                         "--threads", "2", "--rate", std::to_string(rate), "--seed",
                                         std::to_string(seed_of_run())},
                files.path() / "load.log");
  const bool writes =
      wait_for(120s, [&] { return load_->output().find("writing") != std::string::npos; });
  if (!writes) throw std::runtime_error("the load does not write: " + load_->output());
}

void Bed::stop_load() {
  if (!load_) return;
  load_->send(SIGTERM);
  EXPECT_EQ(load_->wait(60s), 0) << load_->output();
  load_.reset();
}

void Bed::use_ports(const Wherry& wherry, unsigned source_port, unsigned target_port) {
  std::istringstream in(content(wherry.config()));
  std::ostringstream out;
  unsigned next = source_port;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("  socket:", 0) == 0) {
      line = "  host: 127.0.0.1\n  port: " + std::to_string(next);
      next = target_port;
    }
    out << line << "\n";
  }
  std::ofstream(wherry.config()) << out.str();
}

nlohmann::json Bed::status(const Wherry& wherry) {
  const RunResult result = wherry.command({"status", "--json"});
  auto document = nlohmann::json::parse(result.output, nullptr, false);
  return document.is_object() ? document : nlohmann::json::object();
}

bool Bed::wait_for(std::chrono::seconds patience, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
    std::this_thread::sleep_for(50ms);
  }
  return holds();
}

pid_t Bed::pid(const Wherry& wherry) {
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (content(entry.path() / "cmdline").find(wherry.config().string()) == std::string::npos)
      continue;
    return static_cast<pid_t>(std::stol(name));
  }
  return 0;
}

std::uint64_t Bed::peak_memory(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmHWM:")) return std::stoull(line.substr(6));
  }
  return 0;
}

void Bed::expect_equal_at_the_end(Wherry& wherry) {
  stop_load();
  wherry.start({"--until", "proved"});
  EXPECT_EQ(wherry.wait(180s), 0) << wherry.output();
  expect_equal();
  if (testing::Test::HasFailure()) ADD_FAILURE() << wherry.output();
}

void Bed::expect_equal() const {
  const Comparison comparison = compare_servers(source, target, {"--database", "bank"});
  EXPECT_TRUE(comparison.equal()) << comparison.output;
}

}  // namespace wherry::tests
