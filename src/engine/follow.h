#pragma once
// Following: reads the source's change log from where the target stands and applies it, window by
// window, in order. One thread reads and decodes, the caller's thread gathers a window while the
// one before is written (window_writer.h); a bounded queue is between the first two. After a lost
// connection, or a commit whose outcome is unknown, it starts again from the position that the
// target has.
//
// Invariants
// - A window's rows, its dirty keys and the position after it commit in one target transaction.
// - Nothing is taken that the gate holds back.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/queue.h"
#include "engine/parts.h"
#include "engine/window.h"
#include "engine/window_writer.h"

namespace wherry::engine {

class Follow {
 public:
  explicit Follow(Parts& parts) : parts_(parts) {}

  // Until stop, or an error that trying again does not mend (thrown). Requires: the gate stands
  // where the target stands.
  void run(const std::stop_token& stop);

 private:
  using Queue = base::BoundedQueue<model::ChangePart>;

  void session(const std::stop_token& stop);
  void read_log(Queue& queue, const std::stop_token& stop);
  void apply(Queue& queue, contract::RowWriter& writer, WindowWriter& windows,
             const std::stop_token& stop);
  void take(model::ChangePart part, contract::RowWriter& writer, WindowWriter& windows,
            const std::stop_token& stop);
  void change_definition(const model::ChangePart& part, const std::stop_token& stop);
  void flush_part_of_large_transaction(contract::RowWriter& writer, WindowWriter& windows);
  void commit(WindowWriter& windows);
  void commit_all(WindowWriter& windows);  // and waits until it is there
  void save_position(contract::RowWriter& writer);

  Parts& parts_;
  Window window_;
  model::Position end_;  // of the last whole transaction in the window
  std::chrono::steady_clock::time_point saved_at_{};
  std::uint64_t transactions_ = 0;  // in the window
  bool inside_transaction_ = false;
  bool open_ = false;  // a large transaction's first parts are written and not committed

  std::mutex ddl_mutex_;
  std::condition_variable_any ddl_applied_;
  bool ddl_pending_ = false;
};

}  // namespace wherry::engine
