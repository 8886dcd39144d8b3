#include "engine/follow_gate.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace wherry::engine {

FollowGate::Hold::Hold(FollowGate& gate, model::Position taken, Entry entry)
    : gate_(gate), log_(gate.log_), taken_(std::move(taken)), entry_(entry) {}

FollowGate::Hold::~Hold() {
  const std::lock_guard lock(gate_.mutex_);
  if (log_ != gate_.log_) return;
  gate_.holds_.erase(entry_);
  gate_.changed_.notify_all();
}

void FollowGate::Hold::let_go_on_to(const model::Position& limit) {
  const std::lock_guard lock(gate_.mutex_);
  if (log_ != gate_.log_) return;
  *entry_ = limit;
  gate_.changed_.notify_all();
}

void FollowGate::restart_at(const model::Position& position) {
  const std::lock_guard lock(mutex_);
  // What was taken stays taken: a view opened against it is safe, a lower mark would let an older
  // view pass.
  applied_ = saved_ = position;
  taken_ = std::max(taken_, position);
  changed_.notify_all();
}

void FollowGate::restart_in_another_log(const model::Position& position) {
  const std::lock_guard lock(mutex_);
  ++log_;
  holds_.clear();
  applied_ = saved_ = taken_ = position;
  changed_.notify_all();
}

FollowGate::Hold FollowGate::hold() {
  const std::lock_guard lock(mutex_);
  holds_.emplace_front(std::nullopt);
  return Hold(*this, taken_, holds_.begin());
}

model::Position FollowGate::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

model::Position FollowGate::applied() const {
  const std::lock_guard lock(mutex_);
  return applied_;
}

void FollowGate::wait_applied(const model::Position& position, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  const std::uint64_t log = log_;
  const auto over = [&] { return log != log_ || applied_ >= position; };
  if (!changed_.wait(lock, stop, over)) base::throw_cancelled();
  if (log == log_) return;
  throw base::Error(base::ErrorKind::transient, "source.replaced",
                    "another server's log is followed now; do the same again");
}

bool FollowGate::takeable(const model::Position& begin) const {
  return std::all_of(holds_.begin(), holds_.end(),
                     [&](const auto& limit) { return limit && begin < *limit; });
}

bool FollowGate::try_take(const model::Position& begin) {
  const std::lock_guard lock(mutex_);
  if (!takeable(begin)) return false;
  if (taken_ <= begin) {
    taken_ = begin;
    ++taken_.offset;
  }
  return true;
}

void FollowGate::wait_until_takeable(const model::Position& begin,
                                     const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return takeable(begin); })) base::throw_cancelled();
}

void FollowGate::set_applied(const model::Position& position) {
  const std::lock_guard lock(mutex_);
  applied_ = position;
  changed_.notify_all();
}

void FollowGate::set_saved(const model::Position& position) {
  const std::lock_guard lock(mutex_);
  saved_ = std::max(saved_, position);
}

model::Position FollowGate::saved() const {
  const std::lock_guard lock(mutex_);
  return saved_;
}

}  // namespace wherry::engine
