#include "ledger/ledger.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace wherry::ledger {

Ledger::Ledger(std::uint64_t limit) : limit_(limit) {}

std::uint64_t Ledger::bytes_of(const model::Key& dirty_key) {
  constexpr std::uint64_t node = sizeof(Link) + 3 * sizeof(void*);  // and its place in the table
  return memory_of(dirty_key) + node;
}

void Ledger::link_newest(Table& table, Dirty::value_type& entry) {
  entry.second.turn = ++last_turn_;
  entry.second.older = table.newest;
  entry.second.newer = nullptr;
  (table.newest != nullptr ? table.newest->second.newer : table.oldest) = &entry;
  table.newest = &entry;
}

void Ledger::unlink(Table& table, Dirty::value_type& entry) {
  const Link& link = entry.second;
  (link.older != nullptr ? link.older->second.newer : table.oldest) = link.newer;
  (link.newer != nullptr ? link.newer->second.older : table.newest) = link.older;
}

void Ledger::unblame(Windows::iterator window) {
  if (--window->second.dirty != 0) return;
  (window->second.target_end ? foreign_ : windows_).erase(window);
}

void Ledger::forget_proof(Table& table, model::CollectionId id,
                          std::map<std::uint32_t, model::Proof>::iterator proof) {
  table.rows_proved -= proof->second.digest.rows;
  proofs_by_age_.erase({proof->second.at, id, proof->first});
  table.proofs.erase(proof);
}

void Ledger::empty(Table& table, model::CollectionId id) {
  while (!table.proofs.empty()) forget_proof(table, id, table.proofs.begin());
  for (const auto& [key, link] : table.dirty) unblame(link.window);
  table.dirty = {};
  dirty_bytes_ -= std::exchange(table.dirty_bytes, 0);
  table.oldest = nullptr;
  table.newest = nullptr;
}

model::CollectionId Ledger::empty_the_largest() {
  const auto largest = std::max_element(
      tables_.begin(), tables_.end(),
      [](const auto& a, const auto& b) { return a.second.dirty_bytes < b.second.dirty_bytes; });
  empty(largest->second, largest->first);
  largest->second.recorded_from = last_end_;
  return largest->first;
}

bool Ledger::add_proof(const model::Proof& proof) {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(proof.collection);
  if (found == tables_.end()) return false;
  Table& table = found->second;
  if (!table.tracked || proof.bracket.low < table.recorded_from) return false;
  if (const auto old = table.proofs.find(proof.chunk); old != table.proofs.end()) {
    forget_proof(table, proof.collection, old);
  }
  table.proofs.emplace(proof.chunk, proof);
  table.rows_proved += proof.digest.rows;
  proofs_by_age_.emplace(proof.at, proof.collection, proof.chunk);
  return true;
}

void Ledger::drop_proof(model::CollectionId table, std::uint32_t chunk) {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return;
  const auto proof = found->second.proofs.find(chunk);
  if (proof != found->second.proofs.end()) forget_proof(found->second, table, proof);
}

void Ledger::drop_table(model::CollectionId table, const model::Position& at) {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return;
  empty(found->second, table);
  found->second.recorded_from = std::max({found->second.recorded_from, last_end_, at});
}

void Ledger::begin_another_log() {
  const std::lock_guard lock(mutex_);
  for (auto& [id, table] : tables_) {
    empty(table, id);
    table.recorded_from = {};
  }
  last_end_ = {};
}

std::optional<model::Proof> Ledger::proof(model::CollectionId table, std::uint32_t chunk) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return std::nullopt;
  const auto proof = found->second.proofs.find(chunk);
  if (proof == found->second.proofs.end()) return std::nullopt;
  return proof->second;
}

std::optional<model::Proof> Ledger::oldest_proof() const {
  const std::lock_guard lock(mutex_);
  if (proofs_by_age_.empty()) return std::nullopt;
  const auto& [at, table, chunk] = *proofs_by_age_.begin();
  return tables_.at(table).proofs.at(chunk);
}

void Ledger::start_tracking(model::CollectionId table) {
  const std::lock_guard lock(mutex_);
  Table& t = tables_[table];
  if (t.tracked) return;
  t.tracked = true;
  t.recorded_from = last_end_;
}

TouchedKeys Ledger::tracked(TouchedKeys keys) const {
  const std::lock_guard lock(mutex_);
  std::erase_if(keys, [&](const auto& entry) {
    const auto found = tables_.find(entry.first);
    return found == tables_.end() || !found->second.tracked;
  });
  return keys;
}

std::vector<model::CollectionId> Ledger::touch(std::uint64_t window, const model::Position& end,
                                               const TouchedKeys& keys) {
  const std::lock_guard lock(mutex_);
  assert(window >= last_window_);
  last_window_ = window;
  last_end_ = std::max(last_end_, end);
  const auto blamed = windows_.try_emplace(window).first;
  blamed->second.end = last_end_;
  return touch_by(blamed, keys);
}

std::vector<model::CollectionId> Ledger::touch_foreign(std::uint64_t number,
                                                       const model::Position& target_end,
                                                       const TouchedKeys& keys) {
  const std::lock_guard lock(mutex_);
  assert(number >= last_window_);
  last_window_ = number;
  const auto blamed = foreign_.try_emplace(number).first;
  blamed->second.end = last_end_;
  blamed->second.target_end = target_end;
  return touch_by(blamed, keys);
}

std::vector<model::CollectionId> Ledger::touch_by(Windows::iterator blamed,
                                                  const TouchedKeys& keys) {
  ++blamed->second.dirty;  // keeps it while its keys are recorded
  std::vector<model::CollectionId> overflowed;
  for (const auto& [id, list] : keys) {
    const auto found = tables_.find(id);
    if (found == tables_.end() || !found->second.tracked) continue;
    Table& table = found->second;
    for (const auto& key : list) {
      const auto [entry, is_new] = table.dirty.try_emplace(key, Link{blamed});
      ++blamed->second.dirty;
      if (is_new) {
        const std::uint64_t bytes = bytes_of(entry->first);
        table.dirty_bytes += bytes;
        dirty_bytes_ += bytes;
      } else {
        unblame(entry->second.window);
        entry->second.window = blamed;
        unlink(table, *entry);
      }
      link_newest(table, *entry);
      if (dirty_bytes_ <= limit_) continue;
      overflowed.push_back(empty_the_largest());
      if (overflowed.back() == id) break;
    }
  }
  unblame(blamed);
  return overflowed;
}

std::optional<DirtyKeys> Ledger::oldest_dirty(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  const std::pair<const model::CollectionId, Table>* chosen = nullptr;
  auto turn = [](const auto& entry) { return entry.second.oldest->second.turn; };
  for (const auto& entry : tables_) {
    if (entry.second.oldest == nullptr) continue;
    if (chosen == nullptr || turn(entry) < turn(*chosen)) chosen = &entry;
  }
  if (chosen == nullptr) return std::nullopt;
  DirtyKeys out{chosen->first, {}};
  for (const auto* e = chosen->second.oldest; e != nullptr && out.keys.size() < most;
       e = e->second.newer) {
    out.keys.push_back(e->first);
  }
  return out;
}

void Ledger::defer(model::CollectionId table, const std::vector<model::Key>& keys) {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return;
  for (const auto& key : keys) {
    const auto entry = found->second.dirty.find(key);
    if (entry == found->second.dirty.end()) continue;
    unlink(found->second, *entry);
    link_newest(found->second, *entry);
  }
}

void Ledger::clean(model::CollectionId table, const std::vector<model::Key>& keys,
                   const model::Position& low, const model::Position& target_low) {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return;
  for (const auto& key : keys) {
    const auto entry = found->second.dirty.find(key);
    if (entry == found->second.dirty.end()) continue;
    const Window& window = entry->second.window->second;
    if (window.end > low || window.target_end > target_low) continue;
    unblame(entry->second.window);
    unlink(found->second, *entry);
    const std::uint64_t bytes = bytes_of(entry->first);
    found->second.dirty_bytes -= bytes;
    dirty_bytes_ -= bytes;
    found->second.dirty.erase(entry);
  }
}

bool Ledger::touched_after(model::CollectionId table, const model::Key& key,
                           const model::Position& since) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  if (found == tables_.end()) return false;
  const auto entry = found->second.dirty.find(key);
  return entry != found->second.dirty.end() && entry->second.window->second.end > since;
}

bool Ledger::known_since(model::CollectionId table, const model::Position& low) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  return found != tables_.end() && found->second.tracked && low >= found->second.recorded_from;
}

std::uint64_t Ledger::last_window() const {
  const std::lock_guard lock(mutex_);
  return last_window_;
}

std::uint64_t Ledger::forget_through() const {
  const std::lock_guard lock(mutex_);
  return windows_.empty() ? last_window_ : windows_.begin()->first - 1;
}

std::optional<std::uint64_t> Ledger::oldest_foreign() const {
  const std::lock_guard lock(mutex_);
  if (foreign_.empty()) return std::nullopt;
  return foreign_.begin()->first;
}

TableCounts Ledger::counts_of(const Table& table) {
  return {table.proofs.size(), table.rows_proved, table.dirty.size()};
}

TableCounts Ledger::counts(model::CollectionId table) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  return found == tables_.end() ? TableCounts{} : counts_of(found->second);
}

TableCounts Ledger::totals() const {
  const std::lock_guard lock(mutex_);
  TableCounts sum;
  for (const auto& [id, table] : tables_) {
    const TableCounts one = counts_of(table);
    sum.chunks_proved += one.chunks_proved;
    sum.rows_proved += one.rows_proved;
    sum.dirty_keys += one.dirty_keys;
  }
  return sum;
}

}  // namespace wherry::ledger
