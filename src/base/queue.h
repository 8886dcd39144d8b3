#pragma once
// A bounded multi-producer multi-consumer queue: the only thing that passes between threads of a
// pipeline. Bounded by weight (bytes), so that memory is bounded by configuration. One item heavier
// than the bound is let in when the queue is empty. Thread-safe. close() ends it: pops drain what
// is left, then return nothing. A requested stop wakes both ends, which then throw
// Error(cancelled).

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/error.h"

namespace wherry::base {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::uint64_t capacity) : capacity_(capacity) {}

  // Returns false if the queue was closed. Throws Error(cancelled) on stop.
  [[nodiscard]] bool push(T item, std::uint64_t weight, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const bool ready = changed_.wait(
        lock, stop, [&] { return closed_ || items_.empty() || weight_ + weight <= capacity_; });
    if (!ready) throw_cancelled();
    if (closed_) return false;
    items_.emplace_back(std::move(item), weight);
    weight_ += weight;
    changed_.notify_all();
    return true;
  }

  // The next item; nothing once closed and drained. Throws Error(cancelled) on stop.
  std::optional<T> pop(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return closed_ || !items_.empty(); })) throw_cancelled();
    return take();
  }

  // As pop(), but gives up after `patience` (returns nothing; see closed()).
  template <typename Rep, typename Period>
  std::optional<T> pop_for(std::chrono::duration<Rep, Period> patience,
                           const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, patience, [&] { return closed_ || !items_.empty(); });
    if (stop.stop_requested()) throw_cancelled();
    return take();
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  bool drained() const {
    const std::lock_guard lock(mutex_);
    return closed_ && items_.empty();
  }

  std::uint64_t weight() const {
    const std::lock_guard lock(mutex_);
    return weight_;
  }

 private:
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front().first));
    weight_ -= items_.front().second;
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  const std::uint64_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::pair<T, std::uint64_t>> items_;
  std::uint64_t weight_ = 0;
  bool closed_ = false;
};

}  // namespace wherry::base
