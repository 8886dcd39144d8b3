#include "engine/two_way_migration.h"

#include <exception>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "engine/hand_over.h"
#include "engine/history.h"
#include "engine/on_end.h"

namespace wherry::engine {

namespace {

using base::Error;
using base::ErrorKind;

// Where tables of the new server belong on the old one.
std::map<model::CollectionName, model::CollectionName> homes(journal::Journal& back) {
  std::map<model::CollectionName, model::CollectionName> out;
  for (const auto& record : back.tables()) {
    if (!record.dropped) out.emplace(record.source.name, record.target);
  }
  return out;
}

}  // namespace

TwoWayMigration::TwoWayMigration(ServerParts old_server, ServerParts new_server,
                                 journal::Journal& journal, journal::Journal& back,
                                 const Limits& limits, TwoWayOptions options)
    : old_(std::move(old_server)),
      new_(std::move(new_server)),
      journal_(journal),
      back_(back),
      limits_(limits),
      options_(std::move(options)),
      old_guards_(Side::source, old_.guards, journal),
      new_guards_(Side::target, new_.guards, journal) {
  current_ = open(active_side(state_of(journal_)));
}

TwoWayMigration::~TwoWayMigration() { switching_.request_stop(); }

std::shared_ptr<Migration> TwoWayMigration::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

// A table that is made on the new server after the switch goes home only where no route stands in
// the way of telling its name there.
contract::TableFilter TwoWayMigration::filter_from(Side active) const {
  if (active == Side::source) return options_.filter;
  return [known = homes(back_), filter = options_.filter,
          route = options_.route](const model::CollectionName& name) {
    return known.contains(name) || (filter(name) && route(name) == name);
  };
}

contract::TableRoute TwoWayMigration::route_from(Side active) const {
  if (active == Side::source) return options_.route;
  return [known = homes(back_)](const model::CollectionName& name) {
    const auto home = known.find(name);
    return home == known.end() ? name : home->second;
  };
}

std::shared_ptr<Migration> TwoWayMigration::open(Side active) {
  const bool forth = active == Side::source;
  const ServerParts& from = forth ? old_ : new_;
  const ServerParts& to = forth ? new_ : old_;
  MigrationOptions options;
  options.name = options_.name;
  options.filter = filter_from(active);
  options.route = route_from(active);
  options.ddl_policy = options_.ddl_policy;
  options.objects = to.objects;
  options.watched = to.watched;
  if (forth) {
    options.rehearsals = to.rehearsals;
    options.source_log = from.kept_log;
    options.target_log = to.kept_log;
    options.open_target = [this](const std::stop_token& stop) { new_guards_.lower(stop); };
    options.close_target = [this](const std::stop_token& stop) { close_target(stop); };
  }
  return std::make_shared<Migration>(from.source, to.target, to.ddl, forth ? journal_ : back_,
                                     limits_, std::move(options));
}

void TwoWayMigration::run(const std::stop_token& stop) {
  if (state_of(journal_) == State::finished) {
    throw Error(ErrorKind::rejected, "migration.finished", "this migration was finished",
                "what moves back is a migration of its own");
  }
  settle(stop);
  while (!stop.stop_requested()) {
    finish_moves(stop);
    std::shared_ptr<Migration> migration;
    std::stop_token round;
    {
      const std::lock_guard lock(mutex_);
      migration = current_ = open(active_side(state_of(journal_)));
      round_ = {};
      round = round_.get_token();
      stands_still_ = false;
    }
    const std::stop_callback pass_on(stop, [&] {
      const std::lock_guard lock(mutex_);
      round_.request_stop();
      switching_.request_stop();
    });
    std::exception_ptr failure;
    try {
      migration->run(round);
    } catch (...) {
      failure = std::current_exception();
    }
    std::unique_lock lock(mutex_);
    stands_still_ = true;
    changed_.notify_all();
    // A switch goes on by itself from here: to its end, or back.
    changed_.wait(lock, [&] { return !log_.running(); });
    if (failure) std::rethrow_exception(failure);
  }
}

std::vector<model::Finding> TwoWayMigration::assess() { return current()->assess(); }
void TwoWayMigration::pause() { current()->pause(); }
void TwoWayMigration::resume() { current()->resume(); }
void TwoWayMigration::verify() { current()->verify(); }

std::vector<Repaired> TwoWayMigration::repair(bool dry_run, const std::stop_token& stop) {
  if (log_.running()) {
    throw Error(ErrorKind::rejected, "cutover.running", "a switch is going on");
  }
  return current()->repair(dry_run, stop);
}

Status TwoWayMigration::status() const {
  Status status = current()->status();
  tell_as_a_whole(status, state_of(journal_));
  return status;
}

bool TwoWayMigration::is_settled(bool proof) {
  std::shared_ptr<Migration> migration;
  {
    const std::lock_guard lock(mutex_);
    if (stands_still_) return false;  // what ended says nothing of what begins
    migration = current_;
  }
  return migration->is_settled(proof);
}

SwitchView TwoWayMigration::switch_view() const { return log_.view(); }

// What a switch does to a server itself, while nothing else of the migration runs.
template <typename Act>
auto TwoWayMigration::fenced(const ServerParts& server, const Act& act) {
  auto& journal = &server == &new_ ? journal_ : back_;
  const auto fence =
      server.target.acquire({.migration = options_.name, .owner = lease_owner(journal)});
  auto result = act(fence);
  server.target.release(fence);
  return result;
}

std::vector<std::string> TwoWayMigration::finish(const FinishOptions& options) {
  const State state = state_of(journal_);
  if (state != State::switched && state != State::finished) {
    throw Error(ErrorKind::rejected, "finish.not_switched",
                "the source is what applications write to", "`wherry cutover` first");
  }
  std::vector<std::string> steps{
      "the source is not kept equal any more: " + old_.target.describe(),
      "what Wherry keeps there is removed",
      "what Wherry keeps on the target is removed: " + new_.target.describe()};
  std::string names;
  for (const auto& undo : guards_raised(journal_, Side::source)) {
    names += (names.empty() ? "" : ", ") + undo.guard;
  }
  if (!names.empty()) {
    steps.push_back(options.open_source ? "the source's guards go down: " + names
                                        : "the source stays closed to applications: " + names);
  }
  if (options.dry_run) return steps;
  settle({});
  finish_moves({});
  // Nobody else is at work there, or this throws.
  for (const auto* server : {&old_, &new_}) {
    server->target.prepare();
    fenced(*server, [](const contract::Fence&) { return 0; });
  }
  if (state == State::switched) go(journal_, State::finished, "on request");
  if (options.open_source) old_guards_.lower({});
  old_.target.forget(options_.name);
  new_.target.forget(options_.name);
  return steps;
}

CutOver TwoWayMigration::cut_over(SwitchDirection direction, const SwitchOptions& options) {
  const bool forth = direction == SwitchDirection::cutover;
  const Side active = forth ? Side::source : Side::target;
  SwitchHost host;
  host.status = [this] {
    Status now = status();
    const std::lock_guard lock(mutex_);
    now.running = now.running && !stands_still_;
    return now;
  };
  host.is_settled = [this] {
    {
      const std::lock_guard lock(mutex_);
      if (stands_still_) {
        throw Error(ErrorKind::rejected, "cutover.not_following",
                    "following has ended in the middle of the switch");
      }
    }
    return is_settled(true);
  };
  const ServerParts& from = forth ? old_ : new_;
  host.assess_way_back = [this, &from, forth] {
    std::vector<contract::TablePair> pairs;
    for (auto& record : (forth ? journal_ : back_).tables()) {
      if (record.dropped) continue;
      const auto home = std::exchange(record.source.name, record.target);
      pairs.push_back({record.id, std::move(record.source), home});
    }
    return from.target.assess(pairs);
  };
  host.prepare_way_back = [&from] { from.target.prepare(); };
  const ServerParts& to = forth ? new_ : old_;
  host.counters = [this, &from, active]() -> std::vector<model::Counter> {
    if (from.counts == nullptr) return {};
    return from.counts->counters(filter_from(active), {});
  };
  host.lift = [this, &to, active](const auto& wanted) { return lift(to, active, wanted); };
  host.stand_still = [this] { stand_still(); };
  host.hand_over = [this, active](const model::Position& looked_through) {
    return turn_round(active, looked_through);
  };
  host.write_undo = options_.write_undo;
  const auto back_filter = [this, active] {
    if (active == Side::target) return options_.filter;
    std::map<model::CollectionName, bool> chosen;
    for (const auto& record : journal_.tables()) {
      if (!record.dropped) chosen.emplace(record.target, true);
    }
    return contract::TableFilter([chosen = std::move(chosen)](const model::CollectionName& name) {
      return chosen.contains(name);
    });
  };
  return CutOver(
      {direction, journal_, forth ? old_guards_ : new_guards_, forth ? new_guards_ : old_guards_,
       forth ? old_.source : new_.source, forth ? new_.source : old_.source, filter_from(active),
       back_filter(), MovingObjects(journal_, objects_of(active)), options_.awaited},
      std::move(host), options, log_);
}

// "" if one may begin.
std::string TwoWayMigration::in_the_way_of_rehearsal() const {
  if (log_.running()) return "a switch is going on";
  const State state = state_of(journal_);
  return state == State::following
             ? ""
             : fmt::format("{}, must be {}", to_string(state), to_string(State::following));
}

std::vector<SwitchCheck> TwoWayMigration::check_rehearsal(std::chrono::seconds lasting) {
  const std::string no = in_the_way_of_rehearsal();
  std::vector<SwitchCheck> checks{{"state", no.empty(), no.empty() ? "following" : no}};
  for (auto& check : current()->check_rehearsal(lasting)) checks.push_back(std::move(check));
  return checks;
}

void TwoWayMigration::begin_rehearsal(std::chrono::seconds lasting) {
  {
    const std::lock_guard lock(mutex_);
    std::string no = in_the_way_of_rehearsal();
    if (no.empty() && beginning_rehearsal_) no = "another is beginning";
    if (!no.empty()) {
      throw Error(ErrorKind::rejected, "rehearsal.refused", "nothing was done: state: " + no);
    }
    beginning_rehearsal_ = true;
  }
  const OnEnd begun([this] {
    const std::lock_guard lock(mutex_);
    beginning_rehearsal_ = false;
  });
  current()->begin_rehearsal(lasting);
}

void TwoWayMigration::end_rehearsal(bool resync) { current()->end_rehearsal(resync); }
RehearsalView TwoWayMigration::rehearsal() { return current()->rehearsal(); }

// Up to a cut-over nobody but us writes there then; without guards that is for the testers to see
// to.
void TwoWayMigration::close_target(const std::stop_token& stop) {
  if (!new_guards_.has_guards()) return;
  new_guards_.prepare();
  options_.write_undo(Side::target, guards_raised(journal_, Side::target));
  new_guards_.raise(stop);
  const auto left = new_guards_.drain(SwitchOptions().patience, stop);
  if (left.empty()) return;
  throw Error(ErrorKind::rejected, "rehearsal.writers_left", "somebody can still write there",
              left.front().who + ": " + left.front().why);
}

std::vector<SwitchCheck> TwoWayMigration::check_switch(SwitchDirection direction) {
  return cut_over(direction, {}).check();
}

void TwoWayMigration::begin_switch(SwitchDirection direction, const SwitchOptions& options) {
  std::jthread ended;
  {
    const std::lock_guard lock(mutex_);
    if (!log_.running()) ended = std::move(switching_);
  }
  // Its last act takes the mutex.
  if (ended.joinable()) ended.join();
  const std::lock_guard lock(mutex_);
  if (log_.running()) {
    throw Error(ErrorKind::rejected, "cutover.running", "a switch is going on");
  }
  if (beginning_rehearsal_) {
    throw Error(ErrorKind::rejected, "cutover.rehearsing", "a rehearsal is beginning");
  }
  if (stands_still_) {
    throw Error(ErrorKind::rejected, "cutover.not_following",
                "a switch needs a migration that runs: `wherry run`");
  }
  log_.start(direction);
  switching_ = std::jthread([this, direction, options](const std::stop_token& stop) {
    do_switch(direction, options, stop);
  });
}

void TwoWayMigration::do_switch(SwitchDirection direction, const SwitchOptions& options,
                                const std::stop_token& stop) {
  try {
    auto cutting = cut_over(direction, options);
    note(journal_, std::string(to_string(direction)), "begun on request");
    const auto certificate = cutting.run(stop);
    journal_.set_fact("certificate", certificate.dump());
    note(journal_, std::string(to_string(direction)),
         "done; the " + certificate.at("writable").get<std::string>() + " is written to now");
    log_.succeed(certificate);
  } catch (const Error& error) {
    spdlog::error("{}: {}", to_string(direction), error.what());
    note(journal_, std::string(to_string(direction)), std::string("failed: ") + error.what());
    log_.fail(error);
  } catch (const std::exception& error) {
    log_.fail(Error(ErrorKind::internal, "internal", error.what()));
  }
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

void TwoWayMigration::stand_still() {
  std::unique_lock lock(mutex_);
  round_.request_stop();
  changed_.wait(lock, [&] { return stands_still_; });
  heed({});  // what broke the calls of the run that has ended breaks no more
}

void TwoWayMigration::heed(const std::stop_token& stop) {
  for (const auto* server : {&old_, &new_}) {
    server->source.heed(stop);
    server->target.heed(stop);
  }
}

std::vector<model::Finding> TwoWayMigration::lift(const ServerParts& to, Side active,
                                                  const std::vector<model::Counter>& wanted) {
  if (to.lifts == nullptr || wanted.empty()) return {};
  return fenced(to,
                [&](const contract::Fence& fence) {
                  return to.lifts->lift(fence, wanted, {}, route_from(active), {});
                })
      .findings;
}

// What is on the active side.
MovingEnds TwoWayMigration::objects_of(Side active) {
  const bool forth = active == Side::source;
  const ServerParts& from = forth ? old_ : new_;
  const ServerParts& to = forth ? new_ : old_;
  if (from.objects == nullptr || to.objects == nullptr) {
    return {[] { return std::vector<contract::HeldBack>(); }, {}, {}, {}, {}, {}};
  }
  MovingEnds ends;
  ends.list = [this, &from, &to, active] {
    return to.objects->held_back(from.source, filter_from(active));
  };
  ends.assess = [this, &from, &to, active](const auto& list) {
    auto findings = to.objects->assess_held_back(list, route_from(active));
    const contract::TableRoute at_home = [](const model::CollectionName& name) { return name; };
    for (auto& finding : from.objects->assess_held_back(list, at_home)) {
      if (finding.severity == model::Severity::blocker) findings.push_back(std::move(finding));
    }
    return findings;
  };
  ends.make = [this, &to, active](const auto& list) {
    return fenced(to, [&](const contract::Fence& fence) {
      return to.objects->make_held_back(fence, list, route_from(active), {});
    });
  };
  ends.remove = [this, &to] {
    fenced(to, [&](const contract::Fence& fence) {
      to.objects->remove_held_back(fence, {});
      return 0;
    });
  };
  ends.drop = [this, &from](const auto& list) {
    return fenced(from, [&](const contract::Fence& fence) {
      return from.objects->drop_listed(fence, list, {});
    });
  };
  ends.keep = [this, &from, active](const auto& list) {
    auto undos = guards_raised(journal_, active);
    undos.push_back({"triggers and events", {"", from.objects->statements_of(list)}});
    options_.write_undo(active, undos);
  };
  return ends;
}

void TwoWayMigration::settle(const std::stop_token& stop) {
  const Side active = active_side(state_of(journal_));
  MovingObjects objects(journal_, objects_of(active));
  settle_interrupted(journal_, active == Side::source ? old_guards_ : new_guards_, objects, stop);
}

// What a switch that has been made may have left to be done.
void TwoWayMigration::finish_moves(const std::stop_token& stop) {
  const State state = state_of(journal_);
  if (is_switching(state)) return;
  const bool over = active_side(state) == Side::target;
  MovingObjects objects(journal_, objects_of(over ? Side::source : Side::target));
  finish_moving(objects, over ? old_guards_ : new_guards_, stop);
}

model::Position TwoWayMigration::turn_round(Side active, const model::Position& looked_through) {
  const bool forth = active == Side::source;
  const ServerParts& from = forth ? old_ : new_;
  const ServerParts& to = forth ? new_ : old_;
  journal::Journal& ending = forth ? journal_ : back_;
  journal::Journal& beginning = forth ? back_ : journal_;
  if (forth) back_.set_fact("state", std::string(to_string(State::following)));
  return hand_over(
      {options_.name, ending, beginning, to.source, from.target, from.watched, looked_through});
}

}  // namespace wherry::engine
