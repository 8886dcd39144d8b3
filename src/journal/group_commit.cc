#include "journal/group_commit.h"

#include "base/error.h"

namespace wherry::journal {

GroupCommit::GroupCommit(Database& db) : db_(db), thread_([this] { write(); }) {}

GroupCommit::~GroupCommit() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  waiting_.notify_all();
}

void GroupCommit::run(const std::function<void(Database&)>& work) {
  Piece piece{&work, {}, false};
  std::unique_lock lock(mutex_);
  queue_.push_back(&piece);
  waiting_.notify_all();
  finished_.wait(lock, [&] { return piece.finished; });
  if (piece.error) std::rethrow_exception(piece.error);
}

std::uint64_t GroupCommit::commits() const {
  const std::lock_guard lock(mutex_);
  return commits_;
}

void GroupCommit::write() {
  std::unique_lock lock(mutex_);
  while (true) {
    waiting_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    std::vector<Piece*> batch;
    batch.swap(queue_);
    lock.unlock();
    commit(batch);
    lock.lock();
    ++commits_;
    for (Piece* piece : batch) piece->finished = true;
    finished_.notify_all();
  }
}

void GroupCommit::commit(const std::vector<Piece*>& batch) {
  try {
    db_.exec("BEGIN IMMEDIATE");
    for (Piece* piece : batch) {
      db_.exec("SAVEPOINT piece");
      try {
        (*piece->work)(db_);
      } catch (...) {
        // A full disk ends the whole transaction: then nobody's piece is kept.
        if (!db_.in_transaction()) throw;
        piece->error = std::current_exception();
        db_.exec("ROLLBACK TO piece");
      }
      db_.exec("RELEASE piece");
    }
    db_.exec("COMMIT");
  } catch (...) {
    for (Piece* piece : batch) {
      if (!piece->error) piece->error = std::current_exception();
    }
    if (!db_.in_transaction()) return;
    try {
      db_.exec("ROLLBACK");
    } catch (const base::Error&) {
      // The callers are told the first error. While the transaction hangs, the next BEGIN fails and
      // tells again.
    }
  }
}

}  // namespace wherry::journal
