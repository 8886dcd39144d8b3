// Threads that write to a server until told to stop, and count what became of it. They live through
// restarts of the server: a lost connection is opened again, a refused transaction rolled back.
//
// Thread-safety: stop() from anywhere. Ownership: the destructor stops and joins.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/connection.h"
#include "tests/support/load/writes.h"

namespace wherry::tests {

struct WriterOptions {
  Endpoint endpoint;
  std::uint64_t seed = 1;
  unsigned threads = 4;
  double rate = 0;  // transactions a second of all threads together; 0: as many as possible
};

struct WriteCounts {
  std::uint64_t committed = 0;
  std::uint64_t rolled_back = 0;  // on purpose
  std::uint64_t refused = 0;      // by the server: deadlock, duplicate, foreign key
  std::uint64_t unknown = 0;      // the connection broke; it may have committed
  std::uint64_t connects = 0;
  std::map<unsigned, std::uint64_t> errors;  // by number
  std::string last_error;
};

class Writers {
 public:
  Writers(WriterOptions options, Writes writes);
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;
  ~Writers();

  // Every thread finishes its transaction. Does not wait.
  void stop() { stopping_ = true; }
  // Stops and waits.
  void join();
  WriteCounts counts() const;

 private:
  void run(unsigned thread);
  void write(Connection& connection, Draw& draw);
  void count_error(const SqlError& error, bool in_transaction);

  WriterOptions options_;
  Writes writes_;
  unsigned total_weight_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  WriteCounts counts_;  // under mutex_
  std::vector<std::thread> threads_;
};

// {"committed":1,...} in one line.
std::string to_json(const WriteCounts& counts, double seconds);

}  // namespace wherry::tests
