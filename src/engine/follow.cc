#include "engine/follow.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>

#include "base/text.h"
#include "engine/definitions.h"
#include "engine/retry.h"

namespace wherry::engine {

using namespace std::chrono_literals;

void Follow::run(const std::stop_token& stop) {
  keep_trying(stop, "following", [&] { session(stop); });
}

void Follow::session(const std::stop_token& stop) {
  const auto writer = parts_.target.writer(parts_.fence, stop);
  const auto progress = load_progress(parts_, stop);
  end_ = *progress.position;
  saved_at_ = std::chrono::steady_clock::now();
  parts_.last_window = std::max(parts_.last_window.load(), progress.last_window);
  {
    // A change of definition whose answer was lost is committed there, and will not come again.
    const std::lock_guard lock(parts_.proof_mutex);
    finish_definition_change(parts_, end_, Others::run);
  }
  parts_.gate.restart_at(end_);
  parts_.counters.caught_up = false;
  window_.clear();
  transactions_ = 0;
  inside_transaction_ = open_ = ddl_pending_ = false;

  Queue queue(parts_.limits.queue_bytes);
  std::exception_ptr reading_failed;
  std::stop_source session_stop;
  const std::stop_callback pass_on(stop, [&] { session_stop.request_stop(); });
  std::jthread reading([&] {
    try {
      read_log(queue, session_stop.get_token());
    } catch (...) {
      reading_failed = std::current_exception();
    }
    queue.close();
  });
  std::exception_ptr applying_failed;
  try {
    WindowWriter windows(parts_, *writer);
    apply(queue, *writer, windows, session_stop.get_token());
  } catch (...) {
    applying_failed = std::current_exception();
  }
  session_stop.request_stop();
  reading.join();
  // Applying ends first when both fail by themselves; reading's error is then only an echo of the
  // stop.
  if (applying_failed) std::rethrow_exception(applying_failed);
  if (reading_failed) std::rethrow_exception(reading_failed);
}

void Follow::read_log(Queue& queue, const std::stop_token& stop) {
  auto log = parts_.source.changes(end_, parts_.book.tracked());
  while (true) {
    auto part = log->next(500ms, stop);
    if (!part) continue;
    const bool ddl = !part->ddl.empty();
    if (ddl) {
      const std::lock_guard lock(ddl_mutex_);
      ddl_pending_ = true;
    }
    const auto weight = part->weight();
    if (!queue.push(std::move(*part), weight, stop)) return;
    if (!ddl) continue;
    // Rows after it are decoded with the definitions that hold then.
    std::unique_lock lock(ddl_mutex_);
    if (!ddl_applied_.wait(lock, stop, [&] { return !ddl_pending_; })) base::throw_cancelled();
    log->track(parts_.book.tracked());
  }
}

void Follow::apply(Queue& queue, contract::RowWriter& writer, WindowWriter& windows,
                   const std::stop_token& stop) {
  while (true) {
    const bool waiting = inside_transaction_ || !window_.has_changes();
    auto part = queue.pop_for(waiting ? 200ms : 0ms, stop);
    if (part) {
      take(std::move(*part), writer, windows, stop);
      continue;
    }
    if (queue.drained()) return;
    if (inside_transaction_) continue;
    commit_all(windows);
    parts_.counters.set_caught_up();
    if (end_ != parts_.gate.saved() && std::chrono::steady_clock::now() - saved_at_ > 2s)
      save_position(writer);
  }
}

void Follow::take(model::ChangePart part, contract::RowWriter& writer, WindowWriter& windows,
                  const std::stop_token& stop) {
  if (!inside_transaction_) {
    while (!parts_.gate.try_take(part.begin)) {
      commit_all(windows);
      // Everything before it is applied, also what is nobody's: somebody may wait for just that.
      if (parts_.gate.applied() < part.begin) parts_.gate.set_applied(part.begin);
      parts_.gate.wait_until_takeable(part.begin, stop);
    }
  }
  if (!part.ddl.empty()) {
    commit_all(windows);
    change_definition(part, stop);
    return;
  }
  const bool last = part.last;
  if (!part.events.empty()) parts_.counters.caught_up = false;
  if (part.committed_at.time_since_epoch().count() != 0) {
    parts_.counters.last_applied_commit_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(part.committed_at.time_since_epoch())
            .count();
  }
  const model::Position end = part.end;
  window_.add(std::move(part), parts_.book, parts_.cascades);
  inside_transaction_ = !last;
  if (last) {
    end_ = end;
    if (window_.has_changes()) ++transactions_;
  }
  const bool full = window_.weight() >= parts_.limits.window_bytes ||
                    window_.changes() >= parts_.limits.window_changes;
  if (!window_.has_changes()) {
    if (last) windows.pass(end_);
  } else if (inside_transaction_) {
    if (full) flush_part_of_large_transaction(writer, windows);
  } else if (full) {
    commit(windows);
  }
}

void Follow::flush_part_of_large_transaction(contract::RowWriter& writer, WindowWriter& windows) {
  windows.finish();
  if (!open_) writer.begin_window();
  open_ = true;
  window_.write_to(writer, parts_.limits.keys_told_at_once);
  window_.drop_written(parts_.limits.dirty_bytes / 4);
}

void Follow::commit(WindowWriter& windows) {
  if (!window_.has_changes()) return;
  windows.write({std::exchange(window_, {}), end_, std::exchange(transactions_, 0),
                 std::exchange(open_, false)});
  saved_at_ = std::chrono::steady_clock::now();
}

void Follow::commit_all(WindowWriter& windows) {
  commit(windows);
  windows.finish();
}

void Follow::save_position(contract::RowWriter& writer) {
  const auto mark = record_window(parts_, end_, {});
  writer.begin_window();
  writer.commit_window(mark, forget_through(parts_));
  parts_.gate.set_saved(end_);
  saved_at_ = std::chrono::steady_clock::now();
}

void Follow::change_definition(const model::ChangePart& part, const std::stop_token& stop) {
  const bool saved = apply_definition_change(parts_, part, stop);
  // The rows of a CREATE TABLE … SELECT follow in the same transaction.
  inside_transaction_ = !part.last;
  if (part.last) {
    end_ = part.end;
    if (saved) parts_.gate.set_saved(end_);
    parts_.gate.set_applied(end_);
  }
  const std::lock_guard lock(ddl_mutex_);
  ddl_pending_ = false;
  ddl_applied_.notify_all();
}

}  // namespace wherry::engine
