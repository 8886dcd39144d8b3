#include "engine/status.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "engine/counters.h"
#include "engine/foreign_writes.h"
#include "engine/object_findings.h"

namespace wherry::engine {

namespace {

std::string table_state(const TableStatus& t) {
  if (t.differences != 0) return "different";
  if (!t.planned || t.chunks_done < t.chunks) return t.chunks_done == 0 ? "waiting" : "copying";
  return t.chunks_proved == t.chunks ? "proved" : "copied";
}

template <typename T>
nlohmann::json or_null(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json table_json(const TableStatus& t) {
  return {{"name", t.name},
          {"target", t.target},
          {"state", table_state(t)},
          {"rows", t.rows},
          {"rows_estimate", t.rows_estimate},
          {"bytes", t.bytes},
          {"chunks_done", t.chunks_done},
          {"chunks", t.chunks},
          {"chunks_proved", t.chunks_proved},
          {"chunks_different", t.chunks_different},
          {"rows_proved", t.rows_proved},
          {"dirty_keys", t.dirty_keys},
          {"differences", t.differences}};
}

}  // namespace

bool Status::all_proved() const {
  return !tables.empty() && state != "planned" && !is_rehearsal(state_named(state)) &&
         foreign.looked_through &&
         std::all_of(tables.begin(), tables.end(), [](const TableStatus& t) {
           return t.planned && t.chunks_done == t.chunks && t.chunks_proved == t.chunks &&
                  t.differences == 0;
         });
}

void to_json(nlohmann::json& j, const Status& s) {
  TableStatus sum;
  auto tables = nlohmann::json::array();
  for (const auto& t : s.tables) {
    tables.push_back(table_json(t));
    sum.rows += t.rows;
    sum.rows_estimate += std::max(t.rows, t.rows_estimate);
    sum.bytes += t.bytes;
    sum.chunks += t.chunks;
    sum.chunks_done += t.chunks_done;
    sum.chunks_proved += t.chunks_proved;
    sum.chunks_different += t.chunks_different;
    sum.rows_proved += t.rows_proved;
    sum.differences += t.differences;
  }
  auto held_back = nlohmann::json::array();
  for (const auto& one : s.held_back) held_back.push_back({{"kind", one.kind}, {"name", one.name}});
  j = {{"schema", 1},
       {"kind", "status"},
       {"migration", s.migration},
       {"state", s.state},
       {"active", s.active},
       {"paused", s.paused},
       {"running", s.running},
       {"pid", or_null(s.pid)},
       {"since", s.since},
       {"source", s.source},
       {"target", s.target},
       {"copy",
        {{"rows", sum.rows},
         {"rows_estimate", sum.rows_estimate},
         {"bytes", sum.bytes},
         {"rows_per_second", s.rows_per_second},
         {"bytes_per_second", s.bytes_per_second},
         {"eta_seconds", or_null(s.eta_seconds)},
         {"chunks_done", sum.chunks_done},
         {"chunks", sum.chunks},
         {"backing_off", s.backing_off},
         {"yielding", s.yielding}}},
       {"follow",
        {{"position", s.position},
         {"lag_seconds", or_null(s.lag_seconds)},
         {"transactions", s.transactions},
         {"changes", s.changes},
         {"changes_per_second", s.changes_per_second}}},
       {"proof",
        {{"chunks_proved", sum.chunks_proved},
         {"chunks_different", sum.chunks_different},
         {"chunks", sum.chunks},
         {"rows_proved", sum.rows_proved},
         {"dirty_keys", or_null(s.dirty_keys)},
         {"all_proved", s.all_proved()},
         {"oldest", or_null(s.oldest_proof)},
         {"differences", sum.differences}}},
       {"foreign",
        {{"watched", s.foreign.watched},
         {"transactions", s.foreign.transactions},
         {"last", or_null(s.foreign.last)}}},
       {"tables", std::move(tables)},
       {"held_back", std::move(held_back)},
       {"findings", s.findings},
       {"error", nullptr}};
  if (s.error_code) {
    j["error"] = {{"code", *s.error_code}, {"message", s.error_message.value_or("")}};
  }
}

void tell_as_a_whole(Status& status, State state) {
  const Side active = active_side(state);
  if (active == Side::target) std::swap(status.source, status.target);
  status.state = to_string(state);
  status.active = to_string(active);
}

Status status_of(const std::string& migration, journal::Journal& journal) {
  Status s;
  s.migration = migration;
  s.state = journal.fact("state").value_or("planned");
  s.paused = journal.fact("paused").value_or("no") == "yes";
  s.source = journal.fact("source").value_or("");
  s.target = journal.fact("target").value_or("");
  s.position = journal.fact("position").value_or("");
  const auto totals = journal.totals();
  std::optional<std::chrono::system_clock::time_point> oldest;
  for (const auto& [id, of_table] : totals) {
    if (!of_table.oldest_proof) continue;
    oldest = std::min(oldest.value_or(*of_table.oldest_proof), *of_table.oldest_proof);
  }
  if (oldest) s.oldest_proof = base::utc_text(*oldest);
  for (const auto& table : journal.tables()) {
    if (table.dropped) continue;
    TableStatus t;
    t.name = table.source.name.text();
    t.target = table.target.text();
    t.rows_estimate = table.source.row_estimate;
    t.planned = table.planned;
    if (const auto found = totals.find(table.id); found != totals.end()) {
      const journal::TableTotals& known = found->second;
      t.chunks = known.chunks;
      t.chunks_done = known.chunks_done;
      t.rows = known.rows;
      t.bytes = known.bytes;
      t.chunks_proved = known.chunks_proved;
      t.rows_proved = known.rows_proved;
    }
    if (t.planned && t.chunks_done == t.chunks) t.rows_estimate = t.rows;
    s.tables.push_back(std::move(t));
  }
  const ForeignCounts foreign = foreign_writes(journal);
  s.foreign.watched = is_target_watched(journal);
  s.foreign.transactions = foreign.transactions;
  if (!foreign.last.empty()) s.foreign.last = foreign.last;
  const auto held_back = nlohmann::json::parse(journal.fact("held_back").value_or("[]"));
  for (const auto& one : held_back) {
    s.held_back.push_back({one.at("kind").get<std::string>(), one.at("name").get<std::string>()});
  }
  for (const auto& open : journal.open_findings()) {
    s.findings.push_back(open.finding);
    if (open.finding.code == object_differs && !s.tables.empty()) ++s.tables[0].differences;
  }
  const std::string failure = journal.fact("failure").value_or("");
  if (!failure.empty()) {
    const auto colon = failure.find(": ");
    s.error_code = failure.substr(0, colon);
    s.error_message = failure.substr(colon + 2);
  }
  return s;
}

void StatusMeter::sample(const Counters& counters) {
  constexpr double weight_of_now = 0.3;
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - at_).count();
  const bool first = at_.time_since_epoch().count() == 0;
  at_ = now;
  const auto advance = [&](double& last, double& rate, std::uint64_t value) {
    const double is = static_cast<double>(value);
    if (!first && seconds > 0) {
      rate += weight_of_now * ((is - last) / seconds - rate);
      if (rate < 0.5) rate = 0;
    }
    last = is;
  };
  advance(rows_, rows_rate_, counters.rows_copied);
  advance(bytes_, bytes_rate_, counters.bytes_copied);
  advance(changes_, changes_rate_, counters.changes);
}

void StatusMeter::fill(Status& status) const {
  const std::lock_guard lock(mutex_);
  status.changes_per_second = changes_rate_;
  if (status.state != "copying") return;
  status.rows_per_second = rows_rate_;
  status.bytes_per_second = bytes_rate_;
  std::uint64_t rows_left = 0;
  for (const auto& t : status.tables) {
    const bool copied = t.planned && t.chunks_done == t.chunks;
    if (!copied && t.rows_estimate > t.rows) rows_left += t.rows_estimate - t.rows;
  }
  if (rows_rate_ > 0) {
    status.eta_seconds =
        static_cast<std::uint64_t>(static_cast<double>(rows_left) / rows_rate_) + 1;
  }
}

}  // namespace wherry::engine
