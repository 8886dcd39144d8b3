#include "engine/window_writer.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/error.h"

namespace wherry::engine {

WindowWriter::WindowWriter(Parts& parts, contract::RowWriter& writer)
    : parts_(parts),
      writer_(writer),
      thread_([this](const std::stop_token& stop) { write_all(stop); }) {}

void WindowWriter::wait_idle(std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [&] { return !given_ || failure_; });
  if (failure_) std::rethrow_exception(failure_);
}

void WindowWriter::write(FullWindow window) {
  std::unique_lock lock(mutex_);
  wait_idle(lock);
  given_ = std::move(window);
  changed_.notify_all();
}

void WindowWriter::finish() {
  std::unique_lock lock(mutex_);
  wait_idle(lock);
}

void WindowWriter::pass(const model::Position& place) {
  const std::lock_guard lock(mutex_);
  if (given_) {
    passed_ = place;
  } else {
    parts_.gate.set_applied(place);
  }
}

void WindowWriter::write_all(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [&] { return given_.has_value(); })) {
    lock.unlock();
    std::exception_ptr failure;
    try {
      commit(*given_);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure) {
      failure_ = failure;
      changed_.notify_all();
      return;
    }
    parts_.gate.set_saved(given_->end);
    parts_.gate.set_applied(passed_ ? std::max(*passed_, given_->end) : given_->end);
    passed_.reset();
    given_.reset();
    changed_.notify_all();
  }
}

void WindowWriter::commit(FullWindow& full) {
  constexpr int tries = 10;
  for (int attempt = 1;; ++attempt) {
    try {
      if (!full.open) writer_.begin_window();
      full.window.write_to(writer_, parts_.limits.keys_told_at_once);
      // Only now it is known which rows cascades have reached.
      const auto mark = record_window(parts_, full.end, full.window.touched());
      writer_.commit_window(mark, forget_through(parts_));
      break;
    } catch (const base::Error& error) {
      // A deadlock with a chunk's write is mended by doing the same again; of a large transaction
      // parts would be missing.
      if (error.kind() != base::ErrorKind::transient || full.open || attempt == tries) throw;
      writer_.rollback();
      spdlog::debug("window up to {}: {}; again", full.end.text(), error.what());
    }
  }
  parts_.counters.transactions += full.transactions;
  parts_.counters.changes += full.window.changes();
}

}  // namespace wherry::engine
