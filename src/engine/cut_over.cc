#include "engine/cut_over.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/text.h"
#include "engine/deadline.h"
#include "engine/history.h"
#include "engine/retry.h"

namespace wherry::engine {

using namespace std::chrono_literals;

namespace {

using base::Error;
using base::ErrorKind;
using Clock = std::chrono::steady_clock;

struct Course {
  State before;
  State sealing;
  State sealed;
  State after;
};

Course course_of(SwitchDirection direction) {
  if (direction == SwitchDirection::cutover) {
    return {State::following, State::sealing, State::sealed, State::switched};
  }
  return {State::switched, State::sealing_back, State::sealed_back, State::following};
}

std::string named(const std::vector<contract::Writer>& writers) {
  constexpr std::size_t listed = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(listed, writers.size()); ++i) {
    text += (i == 0 ? "" : "; ") + writers[i].who + ": " + writers[i].why;
  }
  if (writers.size() > listed) text += fmt::format(" and {} more", writers.size() - listed);
  return text;
}

// "" if none is in the way.
std::string blockers_among(const std::vector<model::Finding>& findings) {
  std::string text;
  for (const auto& finding : findings) {
    if (finding.severity != model::Severity::blocker) continue;
    text += (text.empty() ? "" : "; ") + finding.why + " (" + finding.code + ")";
  }
  return text;
}

// The state of before a switch that was begun and not brought to "switched".
State before_of(State state) {
  return active_side(state) == Side::source ? State::following : State::switched;
}

// As open_side().
void undo_objects(MovingObjects& objects, const std::stop_token& stop) {
  keep_trying(stop, "removing the triggers that were made", [&] { objects.undo(); });
}

// Opens the side that applications write to. Not given up before it is done, unless it cannot be.
void open_side(GuardedSide& side, const std::stop_token& stop) {
  try {
    keep_trying(stop, "lowering the guards", [&] { side.lower(stop); });
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::rejected) throw;
    throw Error(ErrorKind::rejected, "cutover.not_opened",
                fmt::format("the {} is where applications write, and is not open: {}",
                            to_string(side.side()), error.what()),
                "mend it, then stop and start `wherry run`: that opens it first of all");
  }
}

}  // namespace

CutOver::CutOver(SwitchParts parts, SwitchHost host, SwitchOptions options, SwitchLog& log)
    : parts_(std::move(parts)), host_(std::move(host)), options_(options), log_(log) {}

std::vector<SwitchCheck> CutOver::check() {
  std::vector<SwitchCheck> checks;
  const auto add = [&](std::string what, bool holds, std::string detail) {
    checks.push_back({std::move(what), holds, std::move(detail)});
  };
  const Course course = course_of(parts_.direction);
  const State state = state_of(parts_.journal);
  add("state", state == course.before,
      fmt::format("{}, must be {}", to_string(state), to_string(course.before)));
  const Status status = host_.status();
  add("running", status.running && !status.paused,
      status.paused ? "paused: `wherry resume` first" : "the migration runs");
  constexpr double most_lag = 5;
  add("lag", status.lag_seconds.value_or(most_lag + 1) <= most_lag,
      status.lag_seconds ? fmt::format("{:.1f} s, at most {:.0f}", *status.lag_seconds, most_lag)
                         : "not known yet");
  const auto chunks = [&](auto member) {
    std::uint64_t sum = 0;
    for (const auto& table : status.tables) sum += table.*member;
    return sum;
  };
  add("proofs", status.all_proved(),
      fmt::format("{} of {} chunks proved, {} keys to be looked at again",
                  chunks(&TableStatus::chunks_proved), chunks(&TableStatus::chunks),
                  status.dirty_keys.value_or(0)));
  std::string in_the_way;
  for (const auto& finding : status.findings) {
    if (finding.severity != model::Severity::blocker) continue;
    in_the_way += (in_the_way.empty() ? "" : "; ") + finding.code + " " + finding.subject;
  }
  add("findings", in_the_way.empty(), in_the_way.empty() ? "none is in the way" : in_the_way);
  const bool events = std::any_of(status.held_back.begin(), status.held_back.end(),
                                  [](const auto& one) { return one.kind == "event"; });
  const bool stopped = !events || parts_.from.has_guard_of_objects();
  const auto of_objects = parts_.objects.assess();
  const std::string not_moved = blockers_among(of_objects);
  std::string warned;
  for (const auto& finding : of_objects) warned += "; " + finding.subject + ": " + finding.why;
  add("triggers and events", stopped && not_moved.empty(),
      !stopped                   ? "events would go on writing: add `events: true` to the guards"
      : !not_moved.empty()       ? not_moved
      : status.held_back.empty() ? "there are none"
                                 : fmt::format("{} go to the {}{}", status.held_back.size(),
                                               to_string(parts_.to.side()), warned));
  for (auto* side : {&parts_.from, &parts_.to}) {
    const std::string refused = blockers_among(side->assess());
    const bool enough = side == &parts_.to || side->has_guards();
    add("guards of the " + std::string(to_string(side->side())), enough && refused.empty(),
        !enough           ? "none is configured: nothing would keep applications from writing"
        : refused.empty() ? "can be raised"
                          : refused);
  }
  for (auto* awaited : parts_.awaited) {
    const std::string refused = blockers_among(awaited->assess());
    add("wait for", refused.empty(),
        refused.empty() ? fmt::format("{}, at most {}", awaited->name(),
                                      base::human_duration(awaited->patience()))
                        : refused);
  }
  auto of_way_back = parts_.to_log.assess(parts_.back_filter);
  for (auto& finding : host_.assess_way_back()) {
    // That the tables are there is what it is about; their triggers move away.
    if (finding.code == "target.table_exists" || finding.code == "target.triggers") continue;
    of_way_back.push_back(std::move(finding));
  }
  const std::string no_way_back = blockers_among(of_way_back);
  add("way back", no_way_back.empty(),
      no_way_back.empty() ? "the other side's log can be followed, and this side written"
                          : no_way_back);
  return checks;
}

nlohmann::json CutOver::run(const std::stop_token& stop) {
  const Course course = course_of(parts_.direction);
  log_.step("check what must hold");
  for (const auto& check : check()) {
    if (check.holds) continue;
    throw Error(ErrorKind::rejected, "cutover.refused",
                fmt::format("nothing was done: {}: {}", check.what, check.detail));
  }
  try {
    log_.step("guard the " + std::string(to_string(parts_.to.side())));
    host_.prepare_way_back();
    counters_ = host_.counters();
    counted_at_ = Clock::now();
    parts_.objects.list();
    parts_.to.prepare();
    host_.write_undo(parts_.to.side(), guards_raised(parts_.journal, parts_.to.side()));
    parts_.to.raise(stop);
    if (const auto left = parts_.to.drain(options_.patience, stop); !left.empty()) {
      throw Error(ErrorKind::rejected, "seal.writers_left", "somebody can still write there",
                  named(left));
    }
    seal(stop);
    apply_and_prove(stop);
    const Status proved = host_.status();
    const model::Position settled = parts_.from_log.position();
    log_.step("stop following");
    host_.stand_still();
    const model::Position looked_through = require_no_writes_since(settled, stop);
    log_.step("lift what counts up");
    lift_counters();
    if (!parts_.objects.listed().empty()) log_.step("make the triggers");
    parts_.objects.make();
    log_.step("make the way back ready");
    const model::Position at = host_.hand_over(looked_through);
    require_time_left("the other side was open");
    go(parts_.journal, course.after, "at " + final_.text());
    return open_other_side(proved, at);
  } catch (const Error& error) {
    undo(error);
    throw;
  } catch (const std::exception& error) {
    undo(Error(ErrorKind::internal, "internal", error.what()));
    throw;
  }
}

// The switch is made: what fails from here on is left to whoever goes on: settle_interrupted() and
// finish_moving().
nlohmann::json CutOver::open_other_side(const Status& proved, const model::Position& at) {
  log_.step("open the " + std::string(to_string(parts_.to.side())));
  open_side(parts_.to, {});
  const auto downtime = Clock::now() - sealed_from_;
  std::string left_to_do;
  try {
    if (!parts_.objects.listed().empty()) {
      log_.step("drop the triggers and events of the " +
                std::string(to_string(parts_.from.side())) + ", make the events");
    }
    finish_moving(parts_.objects, parts_.from, {});
  } catch (const Error& error) {
    spdlog::error("behind the switch: {}", error.what());
    log_.detail(error.what());
    left_to_do = error.what();
  }
  auto certificate = certificate_of(proved, at, downtime);
  if (!left_to_do.empty()) certificate["left_to_do"] = left_to_do;
  return certificate;
}

void CutOver::seal(const std::stop_token& stop) {
  const Course course = course_of(parts_.direction);
  log_.step("seal the " + std::string(to_string(parts_.from.side())));
  parts_.from.prepare();
  host_.write_undo(parts_.from.side(), guards_raised(parts_.journal, parts_.from.side()));
  go(parts_.journal, course.sealing, "on request");
  dirty_at_seal_ = host_.status().dirty_keys.value_or(0);
  sealed_from_ = Clock::now();
  raise_in_time(stop);
  log_.step("disconnect who could still write");
  if (const auto left = parts_.from.drain(std::min(options_.patience, time_left()), stop);
      !left.empty()) {
    throw Error(ErrorKind::rejected, "seal.writers_left", "somebody can still write", named(left));
  }
  wait_for_others(stop);
  log_.step("take the final position");
  final_ = parts_.from_log.final_position(time_left(), stop);
  log_.detail(final_.text());
  go(parts_.journal, course.sealed, "at " + final_.text());
}

void CutOver::raise_in_time(const std::stop_token& stop) {
  const Deadline deadline(sealed_from_ + options_.max_downtime, stop);
  try {
    parts_.from.raise(deadline.token());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::cancelled || stop.stop_requested()) throw;
    require_time_left("every guard was up");
    throw;
  }
}

void CutOver::wait_for_others(const std::stop_token& stop) {
  for (auto* awaited : parts_.awaited) {
    log_.step("wait for " + awaited->name());
    require_time_left("all that is waited for was done");
    awaited->wait(time_left(), stop);
  }
}

void CutOver::apply_and_prove(const std::stop_token& stop) {
  log_.step("apply the rest and prove it");
  while (!host_.is_settled()) {
    require_time_left("every row was proved equal");
    sleep_for(5ms, stop);
  }
}

model::Position CutOver::require_no_writes_since(const model::Position& place,
                                                 const std::stop_token& stop) {
  model::Position end = parts_.from_log.position();
  if (end == place) return end;
  contract::TrackedTables tracked;
  model::CollectionId id = 0;
  for (auto& table : parts_.from_log.tables(parts_.filter)) tracked.emplace(++id, std::move(table));
  const auto log = parts_.from_log.changes(place, tracked);
  for (model::Position at = place; at < end;) {
    const auto part = log->next(1s, stop);
    if (!part) continue;
    if (!part->events.empty() || !part->ddl.empty()) {
      throw Error(ErrorKind::rejected, "seal.written",
                  "somebody wrote although everybody was kept off", part->begin.text());
    }
    if (part->last) at = part->end;
  }
  return end;
}

// By as much as would be counted in twice the longest downtime, at the pace that was seen.
void CutOver::lift_counters() {
  constexpr double safety = 2;
  const auto between = std::max(
      1ms, std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - counted_at_));
  auto wanted = host_.counters();
  for (auto& counter : wanted) {
    const auto earlier = std::find_if(counters_.begin(), counters_.end(), [&](const auto& c) {
      return c.kind == counter.kind && c.name == counter.name && c.row == counter.row;
    });
    if (earlier == counters_.end()) continue;
    counter = model::lifted(
        counter, model::margin(*earlier, counter, between, options_.max_downtime, safety));
  }
  for (const auto& finding : host_.lift(wanted)) {
    if (finding.severity != model::Severity::blocker) continue;
    throw Error(ErrorKind::rejected, "cutover.not_lifted",
                "a value might be given out twice: " + finding.why + " (" + finding.code + ")",
                finding.subject);
  }
  log_.detail(fmt::format("{} counters", wanted.size()));
}

void CutOver::undo(const Error& why) {
  // Behind the switch there is nothing to be undone.
  if (state_of(parts_.journal) == course_of(parts_.direction).after) return;
  log_.undoing(why);
  log_.step("undo");
  open_side(parts_.from, {});
  undo_objects(parts_.objects, {});
  if (!is_switching(state_of(parts_.journal))) return;
  go(parts_.journal, course_of(parts_.direction).before, "undone");
}

void CutOver::require_time_left(std::string_view before) const {
  if (time_left() > 0ms) return;
  throw Error(ErrorKind::rejected, "cutover.too_long",
              fmt::format("the longest downtime is over before {}", before));
}

std::chrono::milliseconds CutOver::time_left() const {
  const auto gone = Clock::now() - sealed_from_;
  return options_.max_downtime - std::chrono::floor<std::chrono::milliseconds>(gone);
}

nlohmann::json CutOver::certificate_of(const Status& proved, const model::Position& at,
                                       std::chrono::duration<double> downtime) const {
  std::uint64_t rows = 0;
  std::uint64_t chunks = 0;
  for (const auto& table : proved.tables) {
    rows += table.rows_proved;
    chunks += table.chunks_proved;
  }
  return {{"schema", 1},
          {"kind", "certificate"},
          {"migration", proved.migration},
          {"direction", to_string(parts_.direction)},
          {"at", base::utc_text(std::chrono::system_clock::now())},
          {"downtime_seconds", downtime.count()},
          {"rows_proved", rows},
          {"chunks_proved", chunks},
          {"keys_proved_again", dirty_at_seal_},
          {"oldest_proof", proved.oldest_proof ? nlohmann::json(*proved.oldest_proof) : nullptr},
          {"tables", proved.tables.size()},
          {"final_position", final_.text()},
          {"followed_from", at.text()},
          {"writable", to_string(parts_.to.side())}};
}

void finish_moving(MovingObjects& objects, GuardedSide& from, const std::stop_token& stop) {
  keep_trying(stop, "moving triggers and events", [&] { objects.finish(from); });
}

void settle_interrupted(journal::Journal& journal, GuardedSide& active, MovingObjects& objects,
                        const std::stop_token& stop) {
  // Whoever is interrupted in here leaves the same behind.
  open_side(active, stop);
  const State state = state_of(journal);
  if (!is_switching(state)) return;
  undo_objects(objects, stop);
  go(journal, before_of(state), "its process had ended in the middle of it");
}

}  // namespace wherry::engine
