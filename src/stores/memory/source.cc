#include "stores/memory/source.h"

#include "base/error.h"
#include "stores/memory/changes.h"
#include "stores/memory/reader.h"

namespace wherry::stores::memory {

using base::Error;
using base::ErrorKind;

std::string Source::identity() { return meant().name; }

Meant Source::meant() {
  const std::lock_guard lock(mutex_);
  if (name_.empty()) name_ = server_->name();
  return {name_, "source.replaced"};
}

void Source::meet_anew() {
  const std::lock_guard lock(mutex_);
  name_.clear();
}

model::Position Source::position() {
  (void)server_->generation(meant());
  return server_->log_end();
}

contract::SourceLoad Source::load() {
  (void)server_->generation(meant());
  return server_->load();
}

model::Position Source::resume_at(const model::Position& applied, const std::stop_token&) {
  (void)server_->generation(meant());
  if (auto at = server_->after(applied.gtid)) return *std::move(at);
  throw Error(ErrorKind::rejected, "source.lost_transactions", "what was applied is not there",
              applied.gtid);
}

std::vector<model::Finding> Source::assess(const contract::TableFilter& filter) {
  std::vector<model::Finding> findings;
  for (const auto& table : tables(filter)) {
    if (!table.key.empty()) continue;
    findings.push_back({model::Severity::warning, "table.no_key", table.name.text(),
                        "the table has no key", "add one if it is large"});
  }
  return findings;
}

std::vector<model::TableSchema> Source::tables(const contract::TableFilter& filter) {
  auto all = server_->definitions();
  std::erase_if(all, [&](const model::TableSchema& t) { return !filter(t.name); });
  return all;
}

std::vector<contract::CascadeRule> cascades_between(
    const Server& server, const std::map<model::CollectionName, model::CollectionId>& ids) {
  std::vector<contract::CascadeRule> rules;
  for (auto& key : server.foreign_keys()) {
    const auto parent = ids.find(key.parent);
    const auto child = ids.find(key.child);
    if (parent == ids.end() || child == ids.end()) continue;
    rules.push_back({parent->second, child->second, std::move(key.parent_columns),
                     std::move(key.child_columns), key.on_delete, key.on_update});
  }
  return rules;
}

std::vector<contract::CascadeRule> Source::cascades(
    const std::vector<contract::TablePair>& tables) {
  std::map<model::CollectionName, model::CollectionId> ids;
  for (const auto& pair : tables) ids.emplace(pair.source.name, pair.id);
  return cascades_between(*server_, ids);
}

// Its calls never wait, so that there is nothing to break.
std::unique_ptr<contract::RowReader> Source::reader(const std::stop_token&) {
  return open_reader(server_, meant());
}

std::unique_ptr<contract::ChangeLog> Source::changes(const model::Position& from,
                                                     contract::TrackedTables tables) {
  return open_changes(server_, from, std::move(tables), meant());
}

}  // namespace wherry::stores::memory
