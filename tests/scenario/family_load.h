// Tables joined by cascading foreign keys, and tables without a key, with writers that never stop:
// what a log does not show, or shows without saying which row is meant.
//
// Thread-safety: one thread. Errors: std::runtime_error when a writer fails for another reason than
// what such a load brings with it (deadlocks, duplicates, missing parents).
#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/server.h"

namespace wherry::tests {

// Makes schema `family` and fills it.
void load_family(const Server& server, int customers);

class FamilyWriters {
 public:
  FamilyWriters(const Server& server, int threads, unsigned seed);
  ~FamilyWriters();
  // Ends them; how many transactions they committed.
  int finish();

 private:
  void write(const std::stop_token& stop, unsigned seed);

  const Server& server_;
  std::atomic<int> committed_{0};
  std::mutex mutex_;
  std::exception_ptr failed_;
  std::vector<std::jthread> threads_;
};

}  // namespace wherry::tests
