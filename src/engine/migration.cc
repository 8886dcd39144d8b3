#include "engine/migration.h"

#include <algorithm>
#include <thread>
#include <tuple>
#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/text.h"
#include "engine/assess.h"
#include "engine/copy_rows.h"
#include "engine/definitions.h"
#include "engine/failover.h"
#include "engine/follow.h"
#include "engine/history.h"
#include "engine/on_end.h"
#include "engine/planning.h"
#include "engine/repair.h"
#include "engine/restore.h"
#include "engine/retry.h"
#include "engine/schema_objects.h"

namespace wherry::engine {

using namespace std::chrono_literals;

namespace {

bool is_too_busy(const contract::SourceLoad& load, const Limits& limits) {
  const std::uint64_t threads = limits.threads_running;
  const std::chrono::seconds lag(limits.replica_lag_seconds);
  return (threads != 0 && load.threads_running.value_or(0) > threads) ||
         (lag.count() != 0 && load.replica_lag.value_or(std::chrono::seconds(0)) > lag);
}

// At the number of statements that the source has run.
struct Look {
  std::optional<std::uint64_t> statements;
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();
};

// Copying and proving, that read a piece at a time then, are far below it by themselves.
bool others_use_it(const Look& before, const Look& now) {
  constexpr double statements_a_second = 400;
  if (!before.statements || !now.statements || *now.statements < *before.statements) return false;
  const double seconds = std::chrono::duration<double>(now.at - before.at).count();
  const auto run = static_cast<double>(*now.statements - *before.statements);
  return run > statements_a_second * std::max(0.1, seconds);
}

}  // namespace

Migration::Migration(contract::RowSource& source, contract::RowTarget& target,
                     contract::DdlTarget* ddl, journal::Journal& journal, const Limits& limits,
                     MigrationOptions options)
    : options_(std::move(options)),
      parts_{source,
             target,
             ddl,
             journal,
             limits,
             options_.filter,
             options_.route,
             options_.ddl_policy,
             digest_key(journal),
             contract::Fence{options_.name, 0}} {
  parts_.objects = options_.objects;
  paused_ = journal.fact("paused").value_or("no") == "yes";
  if (!journal.fact("state")) journal.set_fact("state", std::string(to_string(State::planned)));
}

void Migration::run(const std::stop_token& stop) {
  const OnEnd answer([this] { refuse_rehearsal(); });
  heed(stop);
  // Nothing is assumed about what is on either side.
  if (state_of(parts_.journal) == State::planned) {
    if (parts_.journal.fact("source_identity")) {
      keep_trying(stop, "meeting both sides", [&] { meet_servers(); });
    } else {
      meet_servers();  // who has just written the configuration is told at once what is wrong in it
    }
    keep_trying(stop, "planning", [&] { begin(stop); });
  }
  // The target's tables exist, and its stream has a start.
  if (is_rehearsal(state_of(parts_.journal))) {
    take_target(stop);
  } else {
    take_up(stop);
  }
  // This process is the only writer. Tables, ledger and gate say what journal and target say.
  keep_trying(stop, "listing triggers and events", [&] { list_held_back(parts_); });
  note_start(parts_.journal);
  while (!stop.stop_requested()) {
    try {
      begin_rehearsal_if_asked(stop);
      rehearse(stop);
      wait_while_paused(stop);
      if (stop.stop_requested()) break;
      run_phases(stop);
    } catch (const base::Error& error) {
      if (!calls_for_meeting_anew(error)) {
        note_failure(parts_.journal, error);
        throw;
      }
      spdlog::warn("{}; both sides are asked anew where they stand", error.what());
      take_up(stop);
    }
  }
  release_lease();
  note(parts_.journal, "stopped", "on request");
}

void Migration::heed(const std::stop_token& stop) {
  parts_.source.heed(stop);
  parts_.target.heed(stop);
}

void Migration::meet_servers() {
  for (const auto& [side, store_identity, description] :
       {std::tuple("source", parts_.source.identity(), parts_.source.describe()),
        std::tuple("target", parts_.target.identity(), parts_.target.describe())}) {
    parts_.journal.set_fact(std::string(side) + "_identity", store_identity);
    parts_.journal.set_fact(side, description);
  }
}

void Migration::begin(const std::stop_token& stop) {
  refuse_what_is_in_the_way();
  take_over();
  plan(parts_, stop);
}

// Goes on with whatever is on both sides, also if it is less than was there, or other servers
// answer.
void Migration::take_up(const std::stop_token& stop) {
  const auto session = [&] {
    try {
      meet_target(parts_, lease_owner(parts_.journal));
      // The lease may be among what a target lost; whoever took it meanwhile holds it.
      take_over();
      if (forgot_its_start(parts_, stop)) plan(parts_, stop);
      if (go_over_to_new_source(parts_, restore(stop), stop)) (void)restore(stop);
      tell_waiting(parts_.journal, nullptr);
    } catch (const base::Error& error) {
      tell_waiting(parts_.journal, &error);
      if (!calls_for_meeting_anew(error)) throw;
      throw base::Error(base::ErrorKind::transient, error.code(), error.message(), error.context());
    }
  };
  try {
    keep_trying(stop, "asking both sides where they stand", session);
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::cancelled) note_failure(parts_.journal, error);
    throw;
  }
}

void Migration::refuse_what_is_in_the_way() {
  const auto findings = assess();
  for (const auto& finding : parts_.journal.open_findings()) {
    parts_.journal.close_findings(finding.finding.code, finding.finding.subject);
  }
  for (const auto& finding : findings) parts_.journal.open_finding(finding);
  refuse_blockers(findings);
}

std::vector<model::Finding> Migration::assess() {
  return engine::assess(parts_.source, parts_.target, parts_.objects, parts_.filter, parts_.route);
}

void Migration::take_over() {
  parts_.target.prepare();
  contract::LeaseRequest request;
  request.migration = options_.name;
  request.owner = lease_owner(parts_.journal);
  auto fence = parts_.target.acquire(request);
  {
    const std::lock_guard lock(mutex_);
    parts_.fence = std::move(fence);
  }
  spdlog::info("holds the lease of migration {} with epoch {}", options_.name, parts_.fence.epoch);
}

contract::TargetProgress Migration::restore(const std::stop_token& stop) {
  const std::lock_guard lock(restore_mutex_);
  auto progress = engine::restore(parts_, watch_, stop);
  plan_.emplace(parts_, progress.being_filled);
  return progress;
}

void Migration::run_phases(const std::stop_token& stop) {
  std::stop_source phases_stop;
  {
    const std::lock_guard lock(mutex_);
    if (paused_) return;
    phases_stop_ = phases_stop;
    phases_run_ = true;
  }
  const std::stop_callback pass_on(stop, [&] { phases_stop.request_stop(); });
  std::mutex failure_mutex;
  std::exception_ptr failure;
  const auto phase = [&](auto body) {
    return std::jthread([&, body] {
      try {
        body(phases_stop.get_token());
      } catch (const base::Error& error) {
        const std::lock_guard lock(failure_mutex);
        if (error.kind() != base::ErrorKind::cancelled && !failure)
          failure = std::current_exception();
        phases_stop.request_stop();
      } catch (...) {
        const std::lock_guard lock(failure_mutex);
        if (!failure) failure = std::current_exception();
        phases_stop.request_stop();
      }
    });
  };
  heed(phases_stop.get_token());
  {
    Follow follow(parts_);
    const auto following = phase([&](const std::stop_token& token) { follow.run(token); });
    const auto moving = phase([&](const std::stop_token& token) { move_rows(token); });
    const auto leasing = phase([&](const std::stop_token& token) { keep_lease(token); });
    const auto watching = phase([&](const std::stop_token& token) { watch_source(token); });
    const auto witnessing = phase([&](const std::stop_token& token) { watch_.run(token); });
  }
  heed(stop);
  {
    const std::lock_guard lock(mutex_);
    phases_run_ = false;
  }
  if (failure) std::rethrow_exception(failure);
}

void Migration::move_rows(const std::stop_token& stop) {
  if (state_of(parts_.journal) == State::tidying) rehearsal_.rewrite(stop);
  if (state_of(parts_.journal) == State::following && !plan_->is_done()) {
    go(parts_.journal, State::copying, "chunks or indexes are missing on the target");
  }
  CopyRows(parts_, *plan_).run(stop);
  // Every chunk of every table is on the target; following makes it equal from here on.
  if (state_of(parts_.journal) == State::copying)
    go(parts_.journal, State::following, "all chunks are on the target");
  keep_trying(stop, "asking the target for its log", [&] { watch_.begin(); });
  prove_.run(stop);
}

void Migration::keep_lease(const std::stop_token& stop) {
  const auto renew = [&] {
    // Where nothing is being written, a crash of the target is noticed here first.
    (void)load_progress(parts_, stop);
    while (true) {
      parts_.target.renew(parts_.fence, stop);
      sleep_for(3s, stop);
    }
  };
  keep_trying(stop, "renewing the lease", renew);
}

void Migration::release_lease() {
  try {
    parts_.target.release(parts_.fence);
  } catch (const base::Error& error) {
    if (!error.may_retry() && !calls_for_meeting_anew(error)) throw;
    spdlog::warn("the lease is not given back, and runs out by itself: {}", error.what());
  }
}

void Migration::watch_source(const std::stop_token& stop) {
  std::optional<Look> before;
  const auto watch = [&] {
    while (true) {
      const auto load = parts_.source.load();
      parts_.counters.backing_off = is_too_busy(load, parts_.limits);
      const Look now{load.statements};
      if (before) parts_.counters.others_use_source = others_use_it(*before, now);
      before = now;
      meter_.sample(parts_.counters);
      parts_.journal.set_fact("position", parts_.gate.applied().text());
      sleep_for(1s, stop);
    }
  };
  keep_trying(stop, "watching the source", watch);
}

void Migration::wait_while_paused(const std::stop_token& stop) {
  wait_with_lease(stop, [&] { return !paused_; });
}

void Migration::wait_with_lease(const std::stop_token& stop, const std::function<bool()>& over) {
  using Clock = std::chrono::steady_clock;
  auto renewed = Clock::now();
  std::unique_lock lock(mutex_);
  while (!over() && !stop.stop_requested()) {
    changed_.wait_for(lock, stop, 1s, over);
    if (Clock::now() - renewed < 3s) continue;
    renewed = Clock::now();
    lock.unlock();
    try {
      parts_.target.renew(parts_.fence, stop);
    } catch (const base::Error& error) {
      if (stop.stop_requested()) return;
      if (!error.may_retry()) throw;
      spdlog::warn("renewing the lease: {}", error.what());
    }
    lock.lock();
  }
}

// Without looking at what others may have made of its tables.
void Migration::take_target(const std::stop_token& stop) {
  keep_trying(stop, "asking the target who it is", [&] {
    meet_target(parts_, lease_owner(parts_.journal));
    take_over();
  });
}

void Migration::pause() {
  const std::lock_guard lock(mutex_);
  if (paused_) return;
  parts_.journal.set_fact("paused", "yes");
  note(parts_.journal, "paused", "on request");
  paused_ = true;
  phases_stop_.request_stop();
  changed_.notify_all();
}

void Migration::resume() {
  const std::lock_guard lock(mutex_);
  if (!paused_) return;
  parts_.journal.set_fact("paused", "no");
  note(parts_.journal, "resumed", "on request");
  paused_ = false;
  changed_.notify_all();
}

void Migration::verify() {
  forget_foreign_writes(parts_.journal);
  // Also of tables that this run has not restored yet: an old proof is no answer.
  void_all_proofs(parts_);
  prove_.start_over();
  note(parts_.journal, "verify", "all proofs are taken again");
}

std::vector<Repaired> Migration::repair(bool dry_run, const std::stop_token& stop) {
  contract::Fence fence;
  {
    const std::lock_guard lock(mutex_);
    fence = parts_.fence;
    if (!phases_run_) {
      throw base::Error(base::ErrorKind::rejected, "repair.not_following",
                        "repair needs a migration that is following; `wherry resume` it first");
    }
  }
  const auto keys = prove_.differences();
  auto repaired = engine::repair(parts_, fence, keys, dry_run, stop);
  if (dry_run) return repaired;
  for (const auto& [table, mended] : keys) prove_.look_again(table);
  for (const auto& table : repaired) {
    note(parts_.journal, "repaired",
         table.collection + ": " + std::to_string(table.keys) + " keys");
  }
  return repaired;
}

bool Migration::is_settled(bool proof) {
  try {
    return looks_settled(proof);
  } catch (const base::Error& error) {
    if (!calls_for_meeting_anew(error)) throw;
    return false;
  }
}

bool Migration::looks_settled(bool proof) {
  {
    const std::lock_guard lock(mutex_);
    if (!phases_run_) return false;  // ledger and tables may not be restored yet
  }
  if (!is_complete(state_of(parts_.journal))) return false;
  if (proof) {
    const Status before = status();
    if (!before.all_proved() || before.dirty_keys != 0) return false;
  }
  const model::Position end = parts_.source.position();
  if (parts_.gate.applied() < end) return false;
  if (!proof) return true;
  if (!watch_.has_seen_all()) return false;
  // Nothing was touched between the look at the dirty keys and the end of both logs.
  const Status after = status();
  return after.all_proved() && after.dirty_keys == 0 && target_has_all();
}

// A target that has crashed since may have lost what was proved there.
bool Migration::target_has_all() {
  const std::lock_guard restoring(restore_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (!phases_run_) return false;
  }
  try {
    (void)load_progress(parts_, {});
  } catch (const base::Error& error) {
    if (error.code() != target_went_back && !error.may_retry()) throw;
    return false;
  }
  return true;
}

Status Migration::status() const {
  Status s = status_of(options_.name, parts_.journal);
  {
    const std::lock_guard lock(mutex_);
    s.running = true;
    s.error_code = s.error_message = std::nullopt;  // of an earlier run, or mended by this one
    s.paused = paused_;
  }
  s.pid = ::getpid();
  s.since = base::utc_text(started_);
  if (const auto at = parts_.gate.applied(); !at.log.empty() || at.offset != 0) {
    s.position = at.text();
  }
  const auto lag = parts_.counters.lag();
  if (lag != std::chrono::milliseconds::max()) {
    s.lag_seconds = std::chrono::duration<double>(lag).count();
  }
  s.backing_off = parts_.counters.backing_off;
  s.yielding = parts_.limits.yields && parts_.counters.others_use_source;
  s.transactions = parts_.counters.transactions;
  s.changes = parts_.counters.changes;
  s.foreign.looked_through = watch_.has_looked_through();
  if (s.foreign.looked_through) s.dirty_keys = parts_.ledger.totals().dirty_keys;
  const auto differences = prove_.differences();
  const auto different_chunks = prove_.different_chunks();
  for (const auto& pair : parts_.book.all()) {
    const auto name = pair->source.name.text();
    const auto it = std::find_if(s.tables.begin(), s.tables.end(),
                                 [&](const TableStatus& t) { return t.name == name; });
    if (it == s.tables.end()) continue;
    const auto chunks = different_chunks.find(pair->id);
    it->chunks_different = chunks == different_chunks.end() ? 0 : chunks->second;
    it->dirty_keys = parts_.ledger.counts(pair->id).dirty_keys;
    const auto different = differences.find(pair->id);
    it->differences = different == differences.end() ? 0 : different->second.size();
  }
  meter_.fill(s);
  return s;
}

}  // namespace wherry::engine
