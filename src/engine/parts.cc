#include "engine/parts.h"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ledger/touched_keys.h"

namespace wherry::engine {

contract::TargetProgress load_progress(const Parts& parts, const std::stop_token& stop) {
  // Read first: both only grow, so the target must know at least as much afterwards.
  const model::Position saved = parts.gate.saved();
  const std::uint64_t chunks = parts.chunks_on_target;
  auto progress = parts.target.load_progress(parts.fence.migration, stop);
  const model::Position now = progress.position.value_or(model::Position{});
  const bool other_log = parts.followed != progress.source;
  if (other_log || now < saved || progress.chunks.size() < chunks) {
    throw base::Error(base::ErrorKind::data_mismatch, std::string(target_went_back),
                      "the target lost transactions that it had committed",
                      "is at " + now.text() + ", was at " + saved.text());
  }
  return progress;
}

namespace {

// Tables too many keys of which are dirty have lost their proofs in the ledger already; those
// touched as a whole, at `at`, lose them too. Requires: both mutexes are held.
void void_proofs(Parts& parts, const std::vector<model::CollectionId>& overflowed,
                 const std::set<model::CollectionId>& touched, const model::Position& at) {
  for (const auto table : overflowed) {
    parts.journal.void_proofs(table);
    ++parts.unproved_version;
  }
  for (const auto table : touched) {
    if (parts.ledger.counts(table).chunks_proved != 0) parts.journal.void_proofs(table);
    parts.ledger.drop_table(table, at);
    ++parts.unproved_version;
  }
}

}  // namespace

contract::WindowMark record_window(Parts& parts, const model::Position& end, Touched touched) {
  touched.keys = parts.ledger.tracked(std::move(touched.keys));
  contract::WindowMark mark;
  mark.end = end;
  if (!touched.keys.empty()) mark.dirty_keys = ledger::encode(touched.keys);
  const std::scoped_lock lock(parts.proof_mutex, parts.window_mutex);
  mark.number = ++parts.last_window;
  void_proofs(parts, parts.ledger.touch(mark.number, end, touched.keys), touched.tables, end);
  return mark;
}

std::uint64_t record_foreign(Parts& parts, const model::Position& end, const Touched& touched) {
  const std::scoped_lock lock(parts.proof_mutex, parts.window_mutex);
  // A key that the ledger keeps stays dirty whatever a read proves that stands before `end`. Of
  // what it does not keep, such a read proves nothing.
  const auto kept = parts.ledger.tracked(touched.keys);
  for (const auto& [table, keys] : touched.keys) {
    if (!kept.contains(table)) parts.watched.unseen_before(table, end);
  }
  for (const auto table : touched.tables) parts.watched.unseen_before(table, end);
  const std::uint64_t number = ++parts.last_window;
  const auto overflowed = parts.ledger.touch_foreign(number, end, kept);
  for (const auto table : overflowed) parts.watched.unseen_before(table, end);
  void_proofs(parts, overflowed, touched.tables, {});
  return number;
}

std::uint64_t forget_through(const Parts& parts) {
  const std::uint64_t through = parts.ledger.forget_through();
  return parts.rewrites == 0 ? through : 0;  // asked last, as it is raised before the record
}

void void_all_proofs(Parts& parts) {
  const std::lock_guard lock(parts.proof_mutex);
  for (const auto& record : parts.journal.tables()) {
    parts.journal.void_proofs(record.id);
    parts.ledger.drop_table(record.id, parts.gate.applied());
  }
  ++parts.unproved_version;
}

void recall_dirty_keys(Parts& parts, const contract::TargetProgress& progress) {
  std::map<model::CollectionId, std::uint64_t> copied_again_with;
  for (const auto& table : parts.journal.tables()) {
    const std::string fact = copied_again_fact(table.id);
    const std::string window = parts.journal.fact(fact).value_or("");
    if (window.empty()) continue;
    if (std::stoull(window) > progress.last_window) {
      parts.journal.set_fact(fact, "");  // the target has lost that change: it comes again
    } else {
      copied_again_with.emplace(table.id, std::stoull(window));
    }
  }
  for (const auto& window : progress.windows) {
    if (window.number < parts.ledger.last_window()) continue;  // it was told when it was written
    auto keys = ledger::decode(window.dirty_keys);
    std::erase_if(keys, [&](const auto& entry) {
      const auto known = copied_again_with.find(entry.first);
      return known != copied_again_with.end() && window.number <= known->second;
    });
    for (const auto table : parts.ledger.touch(window.number, window.end, keys)) {
      parts.journal.void_proofs(table);
    }
  }
}

std::string copied_again_fact(model::CollectionId table) {
  return "copied_again " + std::to_string(table);
}

bool copied_exactly(const Parts& parts, const contract::TablePair& pair) {
  return pair.source.key.empty() || parts.cascades.get()->is_child(pair.id);
}

bool copied_whole(const Parts& parts, const contract::TablePair& pair) {
  return pair.source.key.empty() || parts.cascades.get()->in_one_piece(pair.id);
}

std::vector<model::CollectionName> exact_with(const Parts& parts, const contract::TablePair& pair) {
  std::vector<model::CollectionName> names;
  for (const auto id : parts.cascades.get()->reached_from(pair.id)) {
    if (const auto table = parts.book.find(id)) names.push_back(table->source.name);
  }
  return names;
}

}  // namespace wherry::engine
