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

Row reshaped(const Row& row, const model::TableSchema& from, const model::TableSchema& to) {
  Row out;
  for (const auto& column : to.columns) {
    const auto old = std::find_if(from.columns.begin(), from.columns.end(),
                                  [&](const model::Column& c) { return c.name == column.name; });
    if (old != from.columns.end()) {
      out.push_back(row.at(static_cast<std::size_t>(old - from.columns.begin())));
    } else {
      out.push_back(column.nullable ? std::nullopt : std::optional<std::string>("0"));
    }
  }
  return out;
}

}  // namespace

void Transaction::change(const model::CollectionName& name, const std::shared_ptr<Table>& table,
                         RowPtr before, RowPtr after) {
  const Version version = server_.next_version();
  const auto set = [&](const model::Key& key, const RowPtr& row) {
    table->set(key, row, version);
    undo_.emplace_back([table, key] { table->unset(key); });
  };
  if (before) set(table->key_of(*before), nullptr);
  if (after) set(table->key_of(*after), after);
  changes_.push_back({name, std::move(before), std::move(after)});
}

void Transaction::insert(const model::CollectionName& name, Row row) {
  const auto table = server_.table_now(name);
  if (table->newest(table->key_of(row)) || !table->conflicts(row).empty()) {
    reject("memory.duplicate", "a unique value is there already", name);
  }
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
  change(name, table, before, std::make_shared<const Row>(std::move(row)));
}

void Transaction::remove(const model::CollectionName& name, const model::Key& key) {
  const auto table = server_.table_now(name);
  const RowPtr before = table->newest(key);
  if (!before) reject("memory.no_row", "there is no such row", name);
  change(name, table, before, nullptr);
}

void Transaction::put(const model::CollectionName& name, Row row) {
  const auto table = server_.table_now(name);
  // Removing one conflict may be removing another: the same row can hold two of the values.
  for (auto others = table->conflicts(row); !others.empty(); others = table->conflicts(row)) {
    change(name, table, others.front(), nullptr);
  }
  const RowPtr before = table->newest(table->key_of(row));
  change(name, table, before, std::make_shared<const Row>(std::move(row)));
}

void Transaction::erase(const model::CollectionName& name, const model::Key& key) {
  const auto table = server_.table_now(name);
  if (const RowPtr before = table->newest(key)) change(name, table, before, nullptr);
}

void Transaction::define(const std::optional<model::CollectionName>& before,
                         const std::optional<model::TableSchema>& after) {
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
        const auto moved = std::make_shared<const Row>(reshaped(*row, old->schema(), *after));
        table->set(table->key_of(*moved), moved, version);
        return true;
      });
    }
    set(after->name, table);
  }
  nlohmann::json statement;
  if (before) statement["before"] = *before;
  if (after) statement["after"] = *after;
  ddl_.emplace();
  ddl_->statement = statement.dump();
}

Progress& Transaction::progress() { return server_.progress_; }

void Transaction::check(const contract::Fence& fence) {
  const auto found = server_.progress_.leases.find(fence.migration);
  const bool is_there = found != server_.progress_.leases.end();
  if (is_there && found->second.epoch == fence.epoch) return;
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
