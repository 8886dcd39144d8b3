#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

using base::Error;
using base::ErrorKind;

namespace {

[[noreturn]] void reject(const char* code, const char* why, const model::CollectionName& table) {
  throw Error(ErrorKind::rejected, code, why, table.text());
}

Row reshaped(const Row& row, const model::TableSchema& from, const model::TableSchema& to,
             const Transaction::NewCell& computed) {
  Row out;
  for (const auto& column : to.columns) {
    const auto old = std::find_if(from.columns.begin(), from.columns.end(),
                                  [&](const model::Column& c) { return c.name == column.name; });
    if (old != from.columns.end()) {
      out.push_back(row.at(static_cast<std::size_t>(old - from.columns.begin())));
    } else if (computed) {
      out.push_back(computed(row));
    } else {
      out.push_back(column.nullable ? std::nullopt : std::optional<std::string>("0"));
    }
  }
  return out;
}

}  // namespace

void Transaction::change(const model::CollectionName& name, const std::shared_ptr<Table>& table,
                         RowPtr before, RowPtr after, bool logged) {
  const Version version = server_.next_version();
  const auto set = [&](const std::string& place, const RowPtr& row) {
    table->set(place, row, version);
    undo_.emplace_back([table, place] { table->unset(place); });
  };
  const bool has_key = !table->schema().key.empty();
  if (before) set(table->place_of(*before).value(), nullptr);
  if (after) set(has_key ? table->place_of(*after).value() : table->free_place(), after);
  if (logged) changes_.push_back({name, std::move(before), std::move(after)});
}

void Transaction::carry_on(const model::CollectionName& parent, const Row& before, const Row* after,
                           const RowTouched& touched) {
  using contract::CascadeAction;
  for (const auto& key : server_.foreign_keys_) {
    const CascadeAction action = after == nullptr ? key.on_delete : key.on_update;
    if (key.parent != parent || action == CascadeAction::none) continue;
    bool changed = after == nullptr;
    bool refers = true;
    for (const auto c : key.parent_columns) {
      changed = changed || before.at(c) != after->at(c);
      refers = refers && before.at(c);
    }
    if (!changed || !refers) continue;
    const auto table = server_.table_now(key.child);
    std::vector<RowPtr> rows;
    table->each({}, {}, server_.next_version(), [&](const RowPtr& row) {
      bool equal = true;
      for (std::size_t i = 0; i < key.child_columns.size(); ++i) {
        equal = equal && row->at(key.child_columns[i]) == before.at(key.parent_columns[i]);
      }
      if (equal) rows.push_back(row);
      return true;
    });
    for (const auto& row : rows) {
      touched(key.child, *row);
      if (after == nullptr && action == CascadeAction::cascade) {
        change(key.child, table, row, nullptr, false);
        carry_on(key.child, *row, nullptr, touched);
        continue;
      }
      Row now = *row;
      for (std::size_t i = 0; i < key.child_columns.size(); ++i) {
        now.at(key.child_columns[i]) =
            action == CascadeAction::set_null ? std::nullopt : after->at(key.parent_columns[i]);
      }
      touched(key.child, now);
      change(key.child, table, row, std::make_shared<const Row>(now), false);
      carry_on(key.child, *row, &now, touched);
    }
  }
}

namespace {

const Transaction::RowTouched nobody = [](const model::CollectionName&, const Row&) {};

}  // namespace

void Transaction::require_parents(const model::CollectionName& child, const Row& row) const {
  if (!foreign_keys_on_) return;
  for (const auto& key : server_.foreign_keys_) {
    if (key.child != child) continue;
    bool found = false;
    for (const auto c : key.child_columns) found = found || !row.at(c);
    const auto parent = server_.table_now(key.parent);
    parent->each({}, {}, server_.next_version(), [&](const RowPtr& other) {
      bool equal = true;
      for (std::size_t i = 0; i < key.child_columns.size(); ++i) {
        equal = equal && row.at(key.child_columns[i]) == other->at(key.parent_columns[i]);
      }
      found = found || equal;
      return !found;
    });
    if (!found) reject("memory.no_parent", "a row that it refers to is not there", child);
  }
}

void Transaction::insert(const model::CollectionName& name, Row row) {
  const auto table = server_.table_now(name);
  const bool has_key = !table->schema().key.empty();
  if ((has_key && table->newest(table->key_of(row))) || !table->conflicts(row).empty()) {
    reject("memory.duplicate", "a unique value is there already", name);
  }
  require_parents(name, row);
  change(name, table, nullptr, std::make_shared<const Row>(std::move(row)));
}

void Transaction::update(const model::CollectionName& name, const model::Key& key, Row row) {
  const auto table = server_.table_now(name);
  const RowPtr before = table->newest(key);
  if (!before) reject("memory.no_row", "there is no such row", name);
  const RowPtr other = table->newest(table->key_of(row));
  const auto conflicts = table->conflicts(row);
  if ((other && other != before) || std::any_of(conflicts.begin(), conflicts.end(),
                                                [&](const RowPtr& r) { return r != before; })) {
    reject("memory.duplicate", "a unique value is there already", name);
  }
  require_parents(name, row);
  const auto after = std::make_shared<const Row>(std::move(row));
  change(name, table, before, after);
  if (foreign_keys_on_) carry_on(name, *before, after.get(), nobody);
}

void Transaction::update_row(const model::CollectionName& name, const Row& before, Row row) {
  const auto table = server_.table_now(name);
  if (!table->place_of(before)) reject("memory.no_row", "there is no such row", name);
  require_parents(name, row);
  const auto after = std::make_shared<const Row>(std::move(row));
  change(name, table, std::make_shared<const Row>(before), after);
  if (foreign_keys_on_) carry_on(name, before, after.get(), nobody);
}

void Transaction::remove_row(const model::CollectionName& name, const Row& before) {
  const auto table = server_.table_now(name);
  if (!table->place_of(before)) reject("memory.no_row", "there is no such row", name);
  change(name, table, std::make_shared<const Row>(before), nullptr);
  if (foreign_keys_on_) carry_on(name, before, nullptr, nobody);
}

void Transaction::remove(const model::CollectionName& name, const model::Key& key) {
  const auto table = server_.table_now(name);
  const RowPtr before = table->newest(key);
  if (!before) reject("memory.no_row", "there is no such row", name);
  change(name, table, before, nullptr);
  if (foreign_keys_on_) carry_on(name, *before, nullptr, nobody);
}

void Transaction::put(const model::CollectionName& name, Row row) {
  const auto table = server_.table_now(name);
  // Removing one conflict may be removing another: the same row can hold two of the values.
  for (auto others = table->conflicts(row); !others.empty(); others = table->conflicts(row)) {
    change(name, table, others.front(), nullptr);
  }
  const bool has_key = !table->schema().key.empty();
  const RowPtr before = has_key ? table->newest(table->key_of(row)) : nullptr;
  change(name, table, before, std::make_shared<const Row>(std::move(row)));
}

void Transaction::erase(const model::CollectionName& name, const model::Key& key) {
  const auto table = server_.table_now(name);
  if (const RowPtr before = table->newest(key)) change(name, table, before, nullptr);
}

void Transaction::erase_range(const model::CollectionName& name,
                              const std::optional<model::Key>& after,
                              const std::optional<model::Key>& through) {
  const auto table = server_.table_now(name);
  std::vector<RowPtr> rows;
  table->each(after, through, server_.next_version(), [&](const RowPtr& row) {
    rows.push_back(row);
    return true;
  });
  for (const auto& row : rows) change(name, table, row, nullptr);
}

void Transaction::define(const std::optional<model::CollectionName>& before,
                         const std::optional<model::TableSchema>& after, const NewCell& computed) {
  const Version version = server_.next_version();
  const std::shared_ptr<Table> old = before ? server_.table_now(*before) : nullptr;
  const auto set = [&](const model::CollectionName& name, std::shared_ptr<Table> table) {
    auto& versions = server_.tables_[name];
    versions.emplace_back(version, std::move(table));
    undo_.emplace_back([&versions] { versions.pop_back(); });
  };
  if (old) set(*before, nullptr);
  if (after) {
    if (server_.table_at(after->name, version)) {
      reject("memory.table_exists", "there is such a table already", after->name);
    }
    const auto table = std::make_shared<Table>(*after);
    if (old) {
      old->each({}, {}, version, [&](const RowPtr& row) {
        const auto moved =
            std::make_shared<const Row>(reshaped(*row, old->schema(), *after, computed));
        const auto place =
            table->schema().key.empty() ? table->free_place() : table->place_of(*moved).value();
        table->set(place, moved, version);
        return true;
      });
    }
    set(after->name, table);
  }
  nlohmann::json statement;
  if (before) statement["before"] = *before;
  if (after) statement["after"] = *after;
  if (before) defined_.push_back(*before);
  if (after) defined_.push_back(after->name);
  if (computed) statement["computed"] = true;
  ddl_.emplace();
  ddl_->statement = statement.dump();
}

Progress& Transaction::progress() { return server_.progress_; }

void Transaction::check(const contract::Fence& fence) {
  const auto found = server_.progress_.leases.find(fence.migration);
  const bool is_there = found != server_.progress_.leases.end();
  if (is_there && found->second.epoch == fence.epoch) {
    writer_ = fence.migration;
    return;
  }
  if (is_there && found->second.epoch < fence.epoch) {
    throw Error(ErrorKind::data_mismatch, "target.went_back", "the lease was lost", server_.name_);
  }
  throw Error(ErrorKind::fenced, "lease.fenced", "another writer has taken over", server_.name_);
}

std::chrono::system_clock::time_point Transaction::now() const { return server_.clock_(); }

void Transaction::undo() {
  for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) (*step)();
  undo_.clear();
}

}  // namespace wherry::stores::memory
