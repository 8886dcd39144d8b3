#include "engine/chunk_plan.h"

#include <algorithm>
#include <utility>

namespace wherry::engine {

ChunkPlan::ChunkPlan(Parts& parts, const std::vector<model::CollectionName>& being_filled)
    : parts_(parts) {
  std::vector<std::pair<std::uint64_t, model::CollectionId>> largest;
  for (const auto& record : parts_.journal.tables()) {
    if (record.dropped) continue;
    Table table;
    table.planned = record.planned;
    table.planned_through = record.planned_through;
    for (const auto& chunk : parts_.journal.chunks(record.id)) {
      table.next_number = std::max(table.next_number, chunk.chunk.number + 1);
      ++table.chunks;
      if (chunk.done) {
        ++table.chunks_done;
      } else {
        table.waiting.push_back(chunk.chunk);
      }
    }
    if (std::find(being_filled.begin(), being_filled.end(), record.target) != being_filled.end()) {
      table.filling = Table::Filling::yes;
    }
    tables_.emplace(record.id, std::move(table));
    largest.emplace_back(record.source.byte_estimate, record.id);
  }
  std::stable_sort(largest.begin(), largest.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [bytes, id] : largest) order_.push_back(id);
}

ChunkPlan::Task ChunkPlan::next() {
  constexpr std::size_t enough_waiting = 4;
  const std::lock_guard lock(mutex_);
  bool all_done = true;
  const auto cascades = parts_.cascades.get();
  for (const auto id : order_) {
    const auto it = tables_.find(id);
    if (it == tables_.end()) continue;
    Table& table = it->second;
    const auto& first = cascades->before(id);
    const bool waits = std::any_of(first.begin(), first.end(),
                                   [&](auto other) { return other != id && !is_complete(other); });
    if (waits) {
      all_done = false;
      continue;
    }
    if (!table.planned && !table.being_planned && table.waiting.size() < enough_waiting) {
      table.being_planned = true;
      return PlanIt{id, table.planned_through};
    }
    if (!table.waiting.empty()) {
      CopyIt task{table.waiting.front()};
      table.waiting.pop_front();
      ++table.in_flight;
      return task;
    }
    const bool copied = table.planned && table.in_flight == 0;
    if (copied && table.filling == Table::Filling::yes) {
      table.filling = Table::Filling::ending;
      return FinishIt{id};
    }
    if (!copied || table.filling == Table::Filling::ending) all_done = false;
  }
  if (all_done) return AllDone{};
  return Wait{};
}

void ChunkPlan::planned(model::CollectionId id, const std::optional<model::Key>& through) {
  const std::lock_guard lock(mutex_);
  const auto it = tables_.find(id);
  if (it == tables_.end()) return;
  Table& table = it->second;
  const model::Chunk chunk{id, table.next_number, table.planned_through, through};
  parts_.journal.plan_chunk(chunk, !through);
  ++table.next_number;
  ++table.chunks;
  table.planned_through = through;
  table.planned = !through;
  table.waiting.push_back(chunk);
}

void ChunkPlan::planning_ended(model::CollectionId id) {
  const std::lock_guard lock(mutex_);
  if (const auto it = tables_.find(id); it != tables_.end()) it->second.being_planned = false;
}

model::Chunk ChunkPlan::split(const model::Chunk& chunk, const model::Key& through) {
  const std::lock_guard lock(mutex_);
  Table& table = tables_.at(chunk.collection);
  model::Chunk rest = chunk;
  rest.number = table.next_number++;
  rest.after = through;
  parts_.journal.split_chunk(chunk, through, rest);
  ++table.chunks;
  table.waiting.push_front(rest);
  model::Chunk shortened = chunk;
  shortened.through = through;
  return shortened;
}

void ChunkPlan::done(const journal::ChunkRecord& record) {
  parts_.journal.chunk_done(record);
  const std::lock_guard lock(mutex_);
  const auto it = tables_.find(record.chunk.collection);
  if (it == tables_.end()) return;
  Table& table = it->second;
  --table.in_flight;
  ++table.chunks_done;
}

void ChunkPlan::give_back(const model::Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  const auto it = tables_.find(chunk.collection);
  if (it == tables_.end()) return;
  --it->second.in_flight;
  it->second.waiting.push_front(chunk);
}

void ChunkPlan::filled(model::CollectionId id) {
  const std::lock_guard lock(mutex_);
  if (const auto it = tables_.find(id); it != tables_.end()) {
    it->second.filling = Table::Filling::no;
  }
}

void ChunkPlan::filling_ended(model::CollectionId id) {
  const std::lock_guard lock(mutex_);
  if (const auto it = tables_.find(id); it != tables_.end()) {
    it->second.filling = Table::Filling::yes;
  }
}

void ChunkPlan::forget(model::CollectionId id) {
  const std::lock_guard lock(mutex_);
  tables_.erase(id);
}

bool ChunkPlan::is_complete(model::CollectionId id) const {
  const auto it = tables_.find(id);
  if (it == tables_.end()) return true;  // dropped
  return it->second.planned && it->second.chunks_done == it->second.chunks;
}

bool ChunkPlan::is_done() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(tables_.begin(), tables_.end(), [&](const auto& entry) {
    return is_complete(entry.first) && entry.second.filling == Table::Filling::no;
  });
}

}  // namespace wherry::engine
