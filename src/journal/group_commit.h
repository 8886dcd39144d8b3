#pragma once
// The one thread that writes to a journal's database. Work that waits at the same time is committed
// together; each piece is all or nothing by itself. Thread-safe. Destruction finishes what was
// handed in.

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "journal/sqlite_database.h"

namespace wherry::journal {

class GroupCommit {
 public:
  explicit GroupCommit(Database& db);  // uses `db` alone until it is gone
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // Runs the work on the writing thread and returns when it is durable. Rethrows what it threw;
  // then nothing of it is kept.
  void run(const std::function<void(Database&)>& work);

  std::uint64_t commits() const;

 private:
  struct Piece {
    const std::function<void(Database&)>* work;
    std::exception_ptr error;
    bool finished = false;
  };

  void write();
  void commit(const std::vector<Piece*>& batch);

  Database& db_;
  mutable std::mutex mutex_;
  std::condition_variable waiting_;
  std::condition_variable finished_;
  std::vector<Piece*> queue_;
  bool stopping_ = false;
  std::uint64_t commits_ = 0;
  std::jthread thread_;
};

}  // namespace wherry::journal
