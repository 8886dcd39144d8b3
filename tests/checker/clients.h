// Clients of the checker: threads that write to a server what comes to their mind, in transactions
// of all shapes, and one that changes definitions. What the server refuses is not done; a lost
// connection is opened again. They stop when they go.
//
// Thread-safety: the constructor's thread. Errors: none reach the caller but through counts().
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/checker/schema.h"
#include "tests/support/program.h"
#include "tests/support/server.h"

namespace wherry::tests {

struct ClientOptions {
  unsigned seed = 1;
  unsigned tables = 5;
  unsigned writers = 3;
  bool change_definitions = true;
  // Transactions of XA. Some stay prepared for a while, which MySQL lets changes of definition
  // meet.
  bool xa = false;
  SchemaOptions schema{};
};

class Clients {
 public:
  // Makes schema `checker` with its tables and some rows.
  Clients(const Server& server, const ClientOptions& options);
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;
  ~Clients();

  struct Counts {
    std::uint64_t statements = 0;
    std::uint64_t refused = 0;
    std::uint64_t definitions = 0;
  };
  Counts counts() const { return {statements_, refused_, definitions_}; }

  // Waits for the change of definition that goes on; none begins while the answer lives.
  [[nodiscard]] std::unique_lock<std::mutex> hold_definitions() {
    return std::unique_lock(definitions_mutex_);
  }

 private:
  class Session;
  // One that is or may be prepared. How it ends is decided once: a server that is killed may have
  // it prepared again although its log has the end. Nobody commits what did not answer its XA
  // PREPARE: one that a killed server had prepared, but not logged, it forgets to log at its
  // commit.
  struct XaId {
    std::string text;
    bool commit = false;

    std::string end() const { return (commit ? "XA COMMIT " : "XA ROLLBACK ") + text; }
  };
  using XaIds = std::vector<XaId>;
  void write_xa(Session& session, Random& random, const std::string& id, XaIds& prepared);
  static bool find_prepared(Session& session, unsigned number, XaIds& prepared);
  static void wait_for_prepared(Session& session, const std::stop_token& stop);
  static void end_prepared(Session& session, Random& random, XaIds& prepared);
  void write_something(Session& session, Random& random, bool large);
  void write(unsigned number, const std::stop_token& stop);
  void change_definitions(const std::stop_token& stop);
  void change_one_definition(Session& session, Random& random, unsigned number);
  void keep(Table table);
  std::shared_ptr<const Table> some_table(Random& random) const;

  const Server& server_;
  const ClientOptions options_;
  TemporaryDirectory files_{"clients"};
  const std::string few_lines_;  // files to load
  const std::string many_lines_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Table>> tables_;  // under mutex_
  std::atomic<std::uint64_t> statements_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> definitions_ = 0;
  std::mutex definitions_mutex_;
  std::vector<std::jthread> threads_;
};

}  // namespace wherry::tests
