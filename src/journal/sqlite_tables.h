#pragma once
// The statements behind each call of the journal, on one connection, inside the caller's
// transaction. Errors as Database.

#include <optional>
#include <string>
#include <vector>

#include "journal/journal.h"
#include "journal/sqlite_database.h"

namespace wherry::journal::tables {

std::optional<std::string> fact(const Database& db, const std::string& name);
void set_fact(Database& db, const std::string& name, const std::string& value);

void append(Database& db, const Event& event);
std::vector<Event> events(const Database& db, std::uint64_t after);
void transition(Database& db, const Event& event);

void put_table(Database& db, const TableRecord& table);
std::vector<TableRecord> all(const Database& db);

void plan_chunk(Database& db, const model::Chunk& chunk, bool last);
void split_chunk(Database& db, const model::Chunk& chunk, const model::Key& through,
                 const model::Chunk& rest);
void chunk_done(Database& db, const ChunkRecord& record);
std::vector<ChunkRecord> chunks(const Database& db, model::CollectionId table);
void reconcile(Database& db, model::CollectionId table, const std::vector<ChunkRecord>& on_target);
void replan(Database& db, model::CollectionId table);
void adopt(Database& db, const std::vector<AdoptedTable>& tables);

void put_proof(Database& db, const model::Proof& proof);
std::map<model::CollectionId, TableTotals> totals(const Database& db);
std::vector<model::Proof> proofs(const Database& db);
void void_proofs_beyond(Database& db, const model::Position& applied);

void open_finding(Database& db, const model::Finding& finding);
std::vector<OpenFinding> open_findings(const Database& db);

}  // namespace wherry::journal::tables
