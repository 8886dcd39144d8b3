#include "engine/rehearsal.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/text.h"
#include "engine/foreign_writes.h"
#include "engine/history.h"
#include "engine/repair.h"
#include "engine/restore.h"
#include "engine/retry.h"

namespace wherry::engine {

using namespace std::chrono_literals;

namespace {

using base::Error;
using base::ErrorKind;

constexpr const char* record_fact = "rehearsal";
constexpr const char* error_fact = "rehearsal_error";  // "code: message"; empty: none
constexpr const char* last_fact = "rehearsal_last";
constexpr const char* left_code = "rehearsal.not_restored";

CascadeGraph cascades_of(Parts& parts, const contract::WatchedTables& tables) {
  std::vector<contract::TablePair> pairs;
  for (const auto& [id, pair] : tables) pairs.push_back(*pair);
  return CascadeGraph({parts.target.cascades(pairs), tables});
}

std::string kept_text(const contract::KeptLog::Keeping& keeping) {
  std::string text = keeping.time ? "kept for " + base::human_duration(*keeping.time)
                                  : std::string("kept however old it is");
  if (keeping.by_size) text += ", but no more of it than max_binlog_total_size";
  return text;
}

std::uint64_t keys_in(const std::map<model::CollectionId, std::set<model::Key>>& keys) {
  std::uint64_t sum = 0;
  for (const auto& [table, mine] : keys) sum += mine.size();
  return sum;
}

}  // namespace

struct Rehearsal::Record {
  std::string since;        // UTC
  std::string place;        // as in watch_place_fact
  std::string followed_to;  // in the source's log
  std::string looked;       // contract::RehearsalTarget::look()
  bool resync = false;
};

Rehearsal::Record Rehearsal::record() const {
  const auto json = nlohmann::json::parse(parts_.journal.fact(record_fact).value_or("{}"));
  return {json.value("since", ""), json.value("place", ""), json.value("followed_to", ""),
          json.value("looked", ""), json.value("resync", false)};
}

void Rehearsal::keep(const Record& record) {
  parts_.journal.set_fact(record_fact, nlohmann::json{{"since", record.since},
                                                      {"place", record.place},
                                                      {"followed_to", record.followed_to},
                                                      {"looked", record.looked},
                                                      {"resync", record.resync}}
                                           .dump());
}

std::vector<contract::TablePair> Rehearsal::tables() const {
  std::vector<contract::TablePair> pairs;
  for (const auto& record : parts_.journal.tables()) {
    if (!record.dropped) pairs.push_back({record.id, record.source, record.target});
  }
  return pairs;
}

contract::WatchedTables Rehearsal::tables_on_target() const {
  contract::WatchedTables tables;
  for (const auto& record : parts_.journal.tables()) {
    if (record.dropped) continue;
    tables.emplace(record.id,
                   std::make_shared<const contract::TablePair>(pair_on_target(parts_, record)));
  }
  return tables;
}

model::Position Rehearsal::restore_point(const Record& record, const std::stop_token& stop) const {
  const auto json = nlohmann::json::parse(record.place);
  const auto place = model::Position::parse(json.at("place").get<std::string>());
  if (!place) throw Error(ErrorKind::internal, "journal.damaged", "no place of the target's log");
  if (json.at("server") != parts_.target.identity()) throw_log_lost("another server answers now");
  try {
    if (json.at("mark") == stores_.watched->log_mark(*place, stop)) return *place;
  } catch (const Error& error) {
    if (error.code() != contract::target_log_lost) throw;
    throw_log_lost(error.message());
  }
  throw_log_lost("it was begun anew");
}

std::vector<SwitchCheck> Rehearsal::check(std::chrono::seconds lasting) {
  std::vector<SwitchCheck> checks;
  const auto why = stores_.watched == nullptr || stores_.target == nullptr
                       ? std::optional(model::Finding{model::Severity::blocker, "", "",
                                                      "this kind of target does not tell what "
                                                      "others change there",
                                                      ""})
                       : stores_.watched->unwatchable();
  const bool watched = !why && is_target_watched(parts_.journal);
  checks.push_back({"writes to the target", watched,
                    why       ? why->why + (why->what_to_do.empty() ? "" : ": " + why->what_to_do)
                    : watched ? "its log tells what is changed"
                              : "its log is not looked through yet"});
  for (auto& check : check_logs(lasting)) checks.push_back(std::move(check));
  return checks;
}

// The source's log is followed on after the rehearsal, and the target's tells what was changed.
std::vector<SwitchCheck> Rehearsal::check_logs(std::chrono::seconds lasting) {
  std::vector<SwitchCheck> checks;
  for (const auto& [side, log] :
       {std::pair("source", stores_.source_log), std::pair("target", stores_.target_log)}) {
    if (log == nullptr) continue;
    const auto keeping = log->log_kept();
    checks.push_back(
        {fmt::format("log of the {}", side), !keeping.time || *keeping.time >= lasting,
         fmt::format("{}, must be for {}", kept_text(keeping), base::human_duration(lasting))});
  }
  return checks;
}

void Rehearsal::begin() {
  Record record;
  record.since = base::utc_text(std::chrono::system_clock::now());
  record.place = parts_.journal.fact(watch_place_fact).value_or("");
  if (record.place.empty()) {
    throw Error(ErrorKind::rejected, "rehearsal.not_watched",
                "the target's log is not looked through yet", "try again in a moment");
  }
  record.followed_to = parts_.gate.applied().text();
  record.looked = stores_.target->look(tables());
  keep(record);
  parts_.journal.set_fact(error_fact, "");
  go(parts_.journal, State::rehearsing, "source followed to " + record.followed_to);
}

void Rehearsal::end(bool resync) {
  const State state = state_of(parts_.journal);
  if (state != State::rehearsing) {
    throw Error(ErrorKind::rejected, "rehearsal.none",
                state == State::tidying ? "what was changed is being undone already"
                                        : "no rehearsal goes on");
  }
  Record now = record();
  now.resync = resync;
  keep(now);
  parts_.journal.set_fact(error_fact, "");
  go(parts_.journal, State::tidying, resync ? "every table is copied again" : "on request");
}

void Rehearsal::give_up(const Error& why) {
  spdlog::error("the rehearsal goes on: {}", why.what());
  parts_.journal.set_fact(error_fact, why.code() + ": " + why.what());
  if (state_of(parts_.journal) == State::tidying) go(parts_.journal, State::rehearsing, why.what());
}

void Rehearsal::undo(const std::stop_token& stop) {
  began_to_undo_ = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(counting_mutex_);
    counted_.reset();
  }
  const Record now = record();
  done_ = {};
  keys_.clear();
  undone_to_.reset();
  const bool told = stores_.watched != nullptr && !stores_.watched->unwatchable();
  if (!told && !now.resync) throw_log_lost("it does not hold whole rows");
  std::optional<model::Position> from;
  if (told) from = now.resync ? stores_.watched->log_end() : restore_point(now, stop);

  const auto tables = this->tables();
  std::map<model::CollectionId, std::string> names;
  std::set<model::CollectionId> again;
  for (const auto& pair : tables) {
    names.emplace(pair.id, pair.target.text());
    if (now.resync) again.insert(pair.id);
  }
  parts_.journal.close_findings(left_code, "");
  std::set<model::CollectionId> emptied;
  std::optional<TestWrites> writes;
  // What is made anew stands in the log too; once that has nothing new, all is told.
  while (true) {
    std::vector<contract::TablePair> wanted;
    std::copy_if(tables.begin(), tables.end(), std::back_inserter(wanted),
                 [&](const auto& pair) { return again.contains(pair.id); });
    auto made = stores_.target->make_as_before(parts_.fence, now.looked, tables, wanted, stop);
    emptied.insert(made.emptied.begin(), made.emptied.end());
    for (const auto& finding : made.left) parts_.journal.open_finding(finding);
    done_.dropped.insert(done_.dropped.end(), made.dropped.begin(), made.dropped.end());
    const auto there = tables_on_target();
    if (told) {
      for (const auto id : made.emptied) {
        if (writes) writes->forget_keys(id);
      }
      if (!writes) writes.emplace(parts_, *stores_.watched, *from, there);
      writes->read_to(stores_.watched->log_end(), stop);
    }
    const CascadeGraph cascades = cascades_of(parts_, there);
    again = writes ? writes->whole_tables(cascades) : std::set<model::CollectionId>();
    // While a table in the middle of a cascade is not complete, one would stop there (cascades.h).
    for (const auto& [id, pair] : there) {
      const auto& before = cascades.before(id);
      if (std::any_of(before.begin(), before.end(), [&](auto other) {
            return again.contains(other) || emptied.contains(other);
          })) {
        again.insert(id);
      }
    }
    std::erase_if(again, [&](auto id) { return emptied.contains(id); });
    if (again.empty() && made.emptied.empty() && made.dropped.empty()) break;
  }
  if (writes) {
    keys_ = writes->keys();
    undone_to_ = writes->end();
  }
  for (const auto id : emptied) {
    done_.copied_again.push_back(names.at(id));
    parts_.journal.void_proofs(id);
    parts_.ledger.drop_table(id, parts_.gate.applied());
  }
  // Fewer chunks are no sign of a crash now.
  parts_.chunks_on_target = 0;
  spdlog::info("the rehearsal touched {} keys in {} transactions; {} tables are copied again",
               keys_in(keys_), writes ? writes->transactions() : 0, emptied.size());
}

// Far behind, each view of the source would have to stay open until following gets there.
void Rehearsal::wait_caught_up(const std::stop_token& stop) const {
  constexpr auto close_behind = 5s;
  while (parts_.counters.since_caught_up() > close_behind) sleep_for(50ms, stop);
}

void Rehearsal::rewrite_table(model::CollectionId id, const std::set<model::Key>& keys,
                              const std::stop_token& stop) {
  std::vector<model::Key> some;
  for (auto key = keys.begin(); key != keys.end();) {
    some.clear();
    while (key != keys.end() && some.size() < keys_rewritten_at_once) some.push_back(*key++);
    for (bool written = false; !written;) {
      wait_caught_up(stop);
      // Gone, or copied again as another one, by what was followed meanwhile.
      const auto pair = parts_.book.find(id);
      if (!pair || pair->source.key.size() != some.front().parts().size()) return;
      try {
        rewrite_keys(parts_, parts_.fence, *pair, some, stop);
        written = true;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::data_mismatch || error.code() == target_went_back) throw;
        // A change of definition is on its way.
        spdlog::warn("{} waits: {}", pair->target.text(), error.what());
        sleep_for(200ms, stop);
      }
    }
  }
}

void Rehearsal::rewrite(const std::stop_token& stop) {
  const Record now = record();
  for (auto table = keys_.begin(); table != keys_.end();) {
    keep_trying(stop, "undoing the rehearsal",
                [&] { rewrite_table(table->first, table->second, stop); });
    done_.keys += table->second.size();
    table = keys_.erase(table);
  }
  keep_trying(stop, "undoing the rehearsal", [&] {
    stores_.target->count_as_before(parts_.fence, now.looked, tables(), stop);
    // All that others wrote before it is undone, and the keys are dirty by windows of ours.
    parts_.journal.set_fact(watch_place_fact,
                            undone_to_ ? watch_place(parts_.target.identity(), *undone_to_,
                                                     stores_.watched->log_mark(*undone_to_, stop))
                                       : "");
    if (!watch_.resume(false)) void_all_proofs(parts_);
  });
  done_.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began_to_undo_).count();
  parts_.journal.set_fact(last_fact, nlohmann::json{{"keys", done_.keys},
                                                    {"copied_again", done_.copied_again},
                                                    {"dropped", done_.dropped},
                                                    {"seconds", done_.seconds}}
                                         .dump());
  go(parts_.journal, State::following,
     fmt::format("{} keys read again, {} tables to be copied again, {} things dropped", done_.keys,
                 done_.copied_again.size(), done_.dropped.size()));
}

void Rehearsal::count_tests(RehearsalView& view) {
  constexpr auto patience = 5s;
  const std::lock_guard lock(counting_mutex_);
  const Record now = record();
  if (counted_from_ != now.place) counted_.reset();
  std::set<model::CollectionId> whole;
  for (int attempt = 1;; ++attempt) {
    try {
      if (!counted_) {
        counted_.emplace(parts_, *stores_.watched, restore_point(now, {}), tables_on_target());
        counted_from_ = now.place;
      }
      view.counted_all = counted_->read_to(stores_.watched->log_end(),
                                           std::chrono::steady_clock::now() + patience, {});
      whole = counted_->whole_tables(cascades_of(parts_, counted_->tables()));
      break;
    } catch (const Error& error) {
      counted_.reset();
      // A server ends the connection of who has not read on for long.
      if (error.may_retry() && attempt == 1) continue;
      view.error_code = error.code();
      view.error_message = error.what();
      return;
    }
  }
  view.transactions = counted_->transactions();
  for (const auto& [id, pair] : counted_->tables()) {
    const auto keys = counted_->keys().find(id);
    const bool some = keys != counted_->keys().end();
    if (!some && !whole.contains(id)) continue;
    view.tables.push_back(
        {pair->target.text(), some ? keys->second.size() : 0, whole.contains(id)});
  }
}

RehearsalView Rehearsal::view() {
  RehearsalView view;
  const State state = state_of(parts_.journal);
  view.state = to_string(state);
  if (const std::string error = parts_.journal.fact(error_fact).value_or(""); !error.empty()) {
    const auto colon = error.find(": ");
    view.error_code = error.substr(0, colon);
    view.error_message = error.substr(colon + 2);
  }
  if (const std::string last = parts_.journal.fact(last_fact).value_or(""); !last.empty()) {
    const auto json = nlohmann::json::parse(last);
    view.last = {json.at("keys").get<std::uint64_t>(),
                 json.at("copied_again").get<std::vector<std::string>>(),
                 json.at("dropped").get<std::vector<std::string>>(),
                 json.at("seconds").get<double>()};
  }
  if (!is_rehearsal(state)) return view;
  const Record now = record();
  view.since = now.since;
  view.restore_point = nlohmann::json::parse(now.place).at("place").get<std::string>();
  view.followed_to = now.followed_to;
  if (state == State::tidying) return view;
  try {
    const auto end = parts_.source.position();
    view.source_end = end.text();
    const auto at = model::Position::parse(now.followed_to);
    if (at && at->sequence == end.sequence) view.behind_bytes = end.offset - at->offset;
  } catch (const Error& error) {
    spdlog::debug("asking the source where its log ends: {}", error.what());
  }
  count_tests(view);
  return view;
}

}  // namespace wherry::engine
