#include "stores/memory/source.h"

#include "stores/memory/changes.h"
#include "stores/memory/reader.h"

namespace wherry::stores::memory {

std::vector<model::Finding> Source::assess(const contract::TableFilter& filter) {
  std::vector<model::Finding> findings;
  for (const auto& table : tables(filter)) {
    if (!table.key.empty()) continue;
    findings.push_back({model::Severity::blocker, "table.no_key", table.name.text(),
                        "the table has no key", "add one, or leave the table out"});
  }
  return findings;
}

std::vector<model::TableSchema> Source::tables(const contract::TableFilter& filter) {
  auto all = server_->definitions();
  std::erase_if(all, [&](const model::TableSchema& t) { return !filter(t.name); });
  return all;
}

// Its calls never wait, so that there is nothing to break.
std::unique_ptr<contract::RowReader> Source::reader(const std::stop_token&) {
  return open_reader(server_);
}

std::unique_ptr<contract::ChangeLog> Source::changes(const model::Position& from,
                                                     contract::TrackedTables tables) {
  return open_changes(server_, from, std::move(tables));
}

}  // namespace wherry::stores::memory
