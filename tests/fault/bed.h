// Two real servers, a write load on the first, and wherry between them: what every fault test
// needs. It ends with one check: the same binary started again proves both sides equal, and a
// comparison that shares nothing with the prover agrees.
//
// Thread-safety: one thread. Ownership: all processes end with it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <random>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"
#include "tests/support/server.h"
#include "tests/support/wherry.h"

namespace wherry::tests {

int from_environment(const char* name, int otherwise);
// WHERRY_SEED; how often a random thing is done: `usually`, many times that in a soak.
unsigned seed_of_run();
int times(int usually);
bool is_soak();

class Bed {
 public:
  explicit Bed(ServerOptions source_options = {}, ServerOptions target_options = {},
               ServerKind target_kind = ServerKind::mariadb);

  // bank.t1 with so many rows, and writers on it that never stop.
  void start_load(int rows, int rate = 600);
  void stop_load();

  // The config of `wherry` names these ports of the loopback in place of the servers' sockets.
  static void use_ports(const Wherry& wherry, unsigned source_port, unsigned target_port);
  // wherry is running and says so of itself. An empty document: it does not answer.
  static nlohmann::json status(const Wherry& wherry);
  static bool wait_for(std::chrono::seconds patience, const std::function<bool()>& holds);
  // The one process of it that runs; 0 if there is none.
  static pid_t pid(const Wherry& wherry);
  // The most memory that this process has used so far, in KiB; 0 if there is none.
  static std::uint64_t peak_memory(pid_t pid);

  // Ends the load, moves what is left, and compares.
  void expect_equal_at_the_end(Wherry& wherry);
  void expect_equal() const;

  Server source;
  Server target;
  TemporaryDirectory files{"fault"};

 private:
  std::optional<Program> load_;
};

}  // namespace wherry::tests
