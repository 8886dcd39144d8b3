#pragma once
// Writes windows to the target on a thread of its own, one after the other in the order given, so
// that the next one is gathered while one is on its way. Used by one thread; what writing a window
// threw is thrown by the next call, and nothing is written after it.
//
// Invariants
// - A window's keys are dirty in the ledger before it commits.
// - The gate is told of a place when everything before it is committed, and not before.

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "engine/parts.h"
#include "engine/window.h"

namespace wherry::engine {

// A window and what it brings the target to.
struct FullWindow {
  Window window;
  model::Position end;
  std::uint64_t transactions = 0;
  // A large transaction: its first parts are written already, in a transaction that is open.
  bool open = false;
};

class WindowWriter {
 public:
  // `writer` is used by this thread alone between write() and the next finish().
  WindowWriter(Parts& parts, contract::RowWriter& writer);
  // Waits for the window that is on its way.
  ~WindowWriter() = default;
  WindowWriter(const WindowWriter&) = delete;
  WindowWriter& operator=(const WindowWriter&) = delete;

  // Waits while an earlier one is on its way.
  void write(FullWindow window);
  // Returns when everything is committed.
  void finish();
  // There is nothing to be written up to here: the gate hears of it as soon as what was given
  // before is committed.
  void pass(const model::Position& place);

 private:
  void write_all(const std::stop_token& stop);
  void commit(FullWindow& full);
  void wait_idle(std::unique_lock<std::mutex>& lock);

  Parts& parts_;
  contract::RowWriter& writer_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<FullWindow> given_;  // until it is committed
  std::optional<model::Position> passed_;
  std::exception_ptr failure_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace wherry::engine
