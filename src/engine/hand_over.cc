#include "engine/hand_over.h"

#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/foreign_writes.h"
#include "engine/history.h"
#include "engine/watch_target.h"

namespace wherry::engine {

namespace {

// Each table, as it is on the server that is the source now, with what is known of its chunks.
std::vector<journal::AdoptedTable> turned_round(const HandOver& parts, const model::Position& at) {
  std::map<model::CollectionName, model::TableSchema> there;
  std::map<model::CollectionName, journal::TableRecord> by_new_name;
  for (auto& record : parts.ending.tables()) {
    if (!record.dropped) by_new_name.emplace(record.target, std::move(record));
  }
  for (auto& table : parts.new_source.tables(
           [&](const model::CollectionName& name) { return by_new_name.contains(name); })) {
    there.emplace(table.name, std::move(table));
  }
  std::map<model::CollectionId, std::vector<model::Proof>> proofs;
  for (auto& proof : parts.ending.proofs()) {
    proof.bracket = {at, at};
    proof.applied = at;
    proofs[proof.collection].push_back(std::move(proof));
  }
  std::vector<journal::AdoptedTable> tables;
  for (const auto& [name, record] : by_new_name) {
    const auto definition = there.find(name);
    if (definition == there.end()) {
      throw base::Error(base::ErrorKind::data_mismatch, "cutover.table_missing",
                        "a table that was proved equal is not there any more", name.text());
    }
    journal::AdoptedTable adopted;
    adopted.table = {record.id, definition->second, record.source.name, std::nullopt, true, false};
    for (auto& chunk : parts.ending.chunks(record.id)) {
      chunk.bracket = {at, at};
      adopted.chunks.push_back(std::move(chunk));
    }
    adopted.proofs = std::move(proofs[record.id]);
    tables.push_back(std::move(adopted));
  }
  return tables;
}

contract::Adoption adoption_of(const std::vector<journal::AdoptedTable>& tables, std::string source,
                               const model::Position& at) {
  contract::Adoption adoption{std::move(source), at, {}};
  for (const auto& table : tables) {
    for (const auto& chunk : table.chunks) {
      adoption.chunks.push_back({chunk.chunk, chunk.bracket, chunk.rows, chunk.bytes});
    }
  }
  return adoption;
}

// Nothing: the log does not tell of others.
std::string where_to_watch(const HandOver& parts) {
  if (parts.watched == nullptr || parts.watched->unwatchable()) return "";
  const auto& place = parts.looked_through;
  return watch_place(parts.new_target.identity(), place, parts.watched->log_mark(place, {}));
}

}  // namespace

model::Position hand_over(const HandOver& parts) {
  const model::Position at = parts.new_source.start();
  const std::string source = parts.new_source.identity();
  const auto tables = turned_round(parts, at);
  auto& journal = parts.beginning;
  journal.set_fact("digest_key", digest_key(parts.ending).text());
  journal.set_fact("source_identity", source);
  journal.set_fact("source", parts.new_source.describe());
  journal.set_fact("target_identity", parts.new_target.identity());
  journal.set_fact("target", parts.new_target.describe());
  parts.new_target.prepare();
  const auto fence =
      parts.new_target.acquire({.migration = parts.migration, .owner = lease_owner(journal)});
  parts.new_target.adopt(fence, adoption_of(tables, source, at));
  parts.new_target.release(fence);
  journal.adopt(tables);
  journal.set_fact(watch_place_fact, where_to_watch(parts));
  return at;
}

}  // namespace wherry::engine
