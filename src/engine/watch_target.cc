#include "engine/watch_target.h"

#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/text.h"
#include "engine/foreign_writes.h"
#include "engine/history.h"
#include "engine/retry.h"

namespace wherry::engine {

using namespace std::chrono_literals;

// Nothing if there is none, or it is of another log.
std::optional<model::Position> WatchTarget::journaled_place() {
  const std::string text = parts_.journal.fact(watch_place_fact).value_or("");
  if (text.empty()) return std::nullopt;
  const auto json = nlohmann::json::parse(text);
  if (json.at("server") != parts_.target.identity() || !json.contains("mark")) return std::nullopt;
  auto place = model::Position::parse(json.at("place").get<std::string>());
  if (!place) return std::nullopt;
  try {
    // Kept: the file may be gone when it is read, which is for run() to find.
    if (json.at("mark") != mark_of(*place, {})) return std::nullopt;
  } catch (const base::Error& error) {
    if (error.code() != contract::target_log_lost) throw;
    return std::nullopt;
  }
  return place;
}

bool WatchTarget::resume(bool went_back) {
  const auto obstacle = target_ == nullptr ? std::nullopt : target_->unwatchable();
  const bool watched = target_ != nullptr && !obstacle;
  marks_.clear();
  auto place = watched && !went_back ? journaled_place() : std::nullopt;
  // From here on nobody takes an old place for good, whatever happens before the next is journaled.
  if (!place) parts_.journal.set_fact(watch_place_fact, "");
  tell_unwatched(obstacle);
  {
    const std::lock_guard lock(parts_.proof_mutex);
    parts_.watched.turn_off();
  }
  dirty_.clear();
  saved_.clear();
  const std::lock_guard lock(mutex_);
  watched_ = watched;
  begun_ = false;
  place_ = std::move(place);
  return place_.has_value();
}

void WatchTarget::begin() {
  std::optional<model::Position> place;
  {
    const std::lock_guard lock(mutex_);
    if (!watched_ || begun_) return;
    place = place_;
  }
  const auto end = target_->log_end();
  if (!place) place = end;
  watch_all_from(*place);
  {
    const std::lock_guard lock(mutex_);
    place_ = place;
    look_through_ = end;
  }
  save(true, {});
  {
    const std::lock_guard lock(mutex_);
    begun_ = true;  // from here on run() has the rest for itself
  }
  changed_.notify_all();
}

// Requires: no proof is kept that was taken from an earlier read, unless all is told from then on.
void WatchTarget::watch_all_from(const model::Position& place) {
  const std::lock_guard lock(parts_.proof_mutex);
  parts_.watched.turn_off();
  parts_.watched.turn_on();
  for (const auto& pair : parts_.book.all()) parts_.watched.watch(pair, place);
}

void WatchTarget::run(const std::stop_token& stop) {
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return begun_ || !watched_; })) base::throw_cancelled();
    if (!watched_) return;
  }
  keep_trying(stop, "watching the target", [&] { session(stop); });
}

void WatchTarget::session(const std::stop_token& stop) {
  try {
    require_same_log(stop);
    const auto log =
        target_->open_log(parts_.fence.migration, place(), parts_.limits.keys_told_at_once);
    tables_given_.reset();
    while (true) {
      if (parts_.book.version() != tables_given_) give_tables(*log);
      if (const auto writes = log->next(100ms, stop)) take(*writes);
      save(false, stop);
    }
  } catch (const base::Error& error) {
    if (error.code() != contract::target_log_lost) throw;
    begin_again(error, stop);
  }
}

// Since the last session the log may have been begun anew, and have grown past our place.
void WatchTarget::require_same_log(const std::stop_token& stop) {
  const model::Position at = place();
  const std::string mark = mark_of(at, stop);
  if (target_->log_mark(at, stop) == mark) return;
  throw base::Error(base::ErrorKind::rejected, std::string(contract::target_log_lost),
                    "the target's log was begun anew", at.text());
}

const std::string& WatchTarget::mark_of(const model::Position& place, const std::stop_token& stop) {
  const auto known = marks_.find(place.log);
  if (known != marks_.end()) return known->second;
  return marks_.emplace(place.log, target_->log_mark(place, stop)).first->second;
}

void WatchTarget::give_tables(contract::TargetLog& log) {
  tables_given_ = parts_.book.version();  // first: what is put in later is given later
  contract::WatchedTables tables;
  for (const auto& pair : parts_.book.all()) tables.emplace(pair->id, pair);
  log.watch(tables);
  const std::lock_guard lock(parts_.proof_mutex);
  for (const auto& [id, pair] : tables) parts_.watched.watch(pair, place());
}

void WatchTarget::take(const contract::ForeignWrites& writes) {
  if (writes.transactions != 0) {
    constexpr std::size_t most = 1000;
    const Touched touched = with_cascades(writes);
    const auto window = record_foreign(parts_, writes.end, touched);
    // Beyond that, the later ones are clean only together.
    if (dirty_.size() < most) {
      dirty_.push_back({window, writes.begin});
    } else {
      dirty_.back().window = window;
    }
    std::set<model::CollectionId> tables = touched.tables;
    for (const auto& [id, keys] : touched.keys) tables.insert(id);
    for (const auto id : tables) {
      if (const auto pair = parts_.book.find(id)) untold_.tables[pair->target.text()] += 1;
    }
    untold_.transactions += writes.transactions;
    untold_.last = base::utc_text(std::chrono::system_clock::now());
  }
  {
    const std::lock_guard lock(mutex_);
    place_ = writes.end;
  }
  changed_.notify_all();
}

Touched WatchTarget::with_cascades(const contract::ForeignWrites& writes) const {
  Touched touched{writes.keys, writes.tables};
  touched.tables.merge(parts_.cascades.get()->carried_to(writes.carried_on, writes.tables));
  return touched;
}

void WatchTarget::begin_again(const base::Error& why, const std::stop_token& stop) {
  spdlog::warn("{}; all is proved again, as others may have written to the target", why.what());
  note(parts_.journal, "watch lost", why.what());
  parts_.journal.set_fact(watch_place_fact, "");
  const auto obstacle = target_->unwatchable();
  tell_unwatched(obstacle);
  if (obstacle) {
    void_all_proofs(parts_);
    {
      const std::lock_guard lock(parts_.proof_mutex);
      parts_.watched.turn_off();
    }
    const std::lock_guard lock(mutex_);
    watched_ = false;
    return;
  }
  const auto end = target_->log_end();
  watch_all_from(end);  // before, so that no proof is added after it that was read before `end`
  void_all_proofs(parts_);
  dirty_.clear();
  marks_.clear();
  {
    const std::lock_guard lock(mutex_);
    place_ = end;
  }
  save(true, stop);
  throw base::Error(base::ErrorKind::transient, why.code(), "its log is read on from its end",
                    why.context());
}

bool WatchTarget::has_looked_through() const {
  const std::lock_guard lock(mutex_);
  return !watched_ || !place_ || (begun_ && *place_ >= look_through_);
}

bool WatchTarget::has_seen_all() {
  {
    const std::lock_guard lock(mutex_);
    if (!watched_) return true;
    if (!begun_) return false;
  }
  // On a busy server the log's end is never where it was; what was there is seen in a moment.
  constexpr auto patience = 1s;
  const auto end = target_->log_end();
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, patience, [&] { return !watched_ || place_ >= end; });
}

model::Position WatchTarget::place() const {
  const std::lock_guard lock(mutex_);
  return place_.value_or(model::Position{});
}

void WatchTarget::tell_unwatched(const std::optional<model::Finding>& why) {
  if (!why) return parts_.journal.close_findings(std::string(not_watched_code), "");
  model::Finding told = *why;
  told.severity = model::Severity::warning;  // before the start it is good to know; now it matters
  parts_.journal.open_finding(told);
  spdlog::warn("writes of others to the target are found by new proofs only: {}", why->why);
}

// A place before which no foreign key is dirty.
model::Position WatchTarget::safe_place() {
  const auto oldest = parts_.ledger.oldest_foreign();
  while (!dirty_.empty() && (!oldest || dirty_.front().window < *oldest)) dirty_.pop_front();
  return dirty_.empty() ? place() : dirty_.front().begin;
}

void WatchTarget::save(bool now, const std::stop_token& stop) {
  const auto at = std::chrono::steady_clock::now();
  if (!now && at - saved_at_ < 1s) return;
  saved_at_ = at;
  tell_foreign_writes(parts_.journal, std::exchange(untold_, {}));
  (void)mark_of(place(), stop);  // while it is the newest file
  const auto safe = safe_place();
  const std::string mark = mark_of(safe, stop);
  std::erase_if(marks_, [&](const auto& known) {
    return model::Position::in_log(known.first, 0).sequence < safe.sequence;
  });
  if (parts_.rewrites != 0) return;  // asked last: a rewrite makes keys dirty under its own number
  if (auto text = watch_place(parts_.target.identity(), safe, mark); text != saved_) {
    parts_.journal.set_fact(watch_place_fact, text);
    saved_ = std::move(text);
  }
}

std::string watch_place(const std::string& server, const model::Position& place,
                        const std::string& mark) {
  return nlohmann::json{{"server", server}, {"place", place.text()}, {"mark", mark}}.dump();
}

}  // namespace wherry::engine
