#include "engine/table_book.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace wherry::engine {

void TableBook::put(contract::TablePair pair) {
  const std::lock_guard lock(mutex_);
  next_id_ = std::max(next_id_, pair.id + 1);
  const auto id = pair.id;
  ++version_;
  tables_[id] = std::make_shared<const contract::TablePair>(std::move(pair));
}

void TableBook::remove(model::CollectionId id) {
  const std::lock_guard lock(mutex_);
  ++version_;
  tables_.erase(id);
}

std::shared_ptr<const contract::TablePair> TableBook::get(model::CollectionId id) const {
  auto pair = find(id);
  if (!pair) {
    throw base::Error(base::ErrorKind::internal, "tables.unknown",
                      "no table with number " + std::to_string(id));
  }
  return pair;
}

std::shared_ptr<const contract::TablePair> TableBook::find(model::CollectionId id) const {
  const std::lock_guard lock(mutex_);
  const auto it = tables_.find(id);
  return it == tables_.end() ? nullptr : it->second;
}

std::shared_ptr<const contract::TablePair> TableBook::find_source(
    const model::CollectionName& name) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, pair] : tables_) {
    if (pair->source.name == name) return pair;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const contract::TablePair>> TableBook::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const contract::TablePair>> out;
  out.reserve(tables_.size());
  for (const auto& [id, pair] : tables_) out.push_back(pair);
  return out;
}

contract::TrackedTables TableBook::tracked() const {
  contract::TrackedTables out;
  for (const auto& pair : all()) out.emplace(pair->id, pair->source);
  return out;
}

std::uint64_t TableBook::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

void TableBook::set_copied_from(model::CollectionId id, const std::optional<model::Position>& low) {
  const std::lock_guard lock(mutex_);
  if (low) {
    copied_from_[id] = *low;
  } else {
    copied_from_.erase(id);
  }
}

bool TableBook::is_copied_at(model::CollectionId id, const model::Position& begin) const {
  const std::lock_guard lock(mutex_);
  const auto it = copied_from_.find(id);
  return it != copied_from_.end() && it->second <= begin;
}

void TableBook::use_id(model::CollectionId id) {
  const std::lock_guard lock(mutex_);
  next_id_ = std::max(next_id_, id + 1);
}

model::CollectionId TableBook::next_id() const {
  const std::lock_guard lock(mutex_);
  return next_id_;
}

}  // namespace wherry::engine
