#include "engine/source_turns.h"

#include "base/error.h"

namespace wherry::engine {

namespace {

constexpr base::Bytes one_piece{256U << 10U};
constexpr int pause_to_read = 9;

}  // namespace

SourceTurns::Turn SourceTurns::next(const std::stop_token& stop) {
  if (!limits_.yields || !counters_.others_use_source) return Turn(nullptr);
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return !taken_; })) base::throw_cancelled();
  taken_ = true;
  const auto free_at = free_at_;
  changed_.wait_until(lock, stop, free_at, [] { return false; });
  if (!stop.stop_requested()) return Turn(this);
  taken_ = false;
  changed_.notify_one();
  base::throw_cancelled();
}

void SourceTurns::end(std::chrono::steady_clock::duration took) {
  const std::lock_guard lock(mutex_);
  taken_ = false;
  free_at_ = std::chrono::steady_clock::now() + pause_to_read * took;
  changed_.notify_one();
}

SourceTurns::Turn::~Turn() {
  if (turns_ != nullptr) turns_->end(std::chrono::steady_clock::now() - began_);
}

std::optional<base::Bytes> SourceTurns::Turn::piece() const {
  if (turns_ == nullptr) return std::nullopt;
  return one_piece;
}

}  // namespace wherry::engine
