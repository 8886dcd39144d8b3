#include "journal/sqlite_tables.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace wherry::journal::tables {

using base::Error;
using base::ErrorKind;
using nlohmann::json;

namespace {

using Clock = std::chrono::system_clock;

std::int64_t nanoseconds(Clock::time_point t) {
  return std::chrono::nanoseconds(t.time_since_epoch()).count();
}

Clock::time_point time_from(std::int64_t nanoseconds) {
  return Clock::time_point(
      std::chrono::duration_cast<Clock::duration>(std::chrono::nanoseconds(nanoseconds)));
}

template <typename T>
T from_json_text(const Statement& row, int column) {
  try {
    return json::parse(row.bytes(column)).get<T>();
  } catch (const json::exception&) {
    row.damaged();
  }
}

void require_one_row(const Database& db, const char* code, const char* message) {
  if (db.changed_rows() != 1) throw Error(ErrorKind::internal, code, message);
}

void insert_chunk(Database& db, const model::Chunk& chunk) {
  db.run("INSERT INTO chunk (collection, number, after_key, through_key) VALUES (?, ?, ?, ?)",
         chunk.collection, chunk.number, chunk.after, chunk.through);
}

void mark_done(Database& db, const ChunkRecord& r) {
  db.run(
      "UPDATE chunk SET done = 1, low = ?, high = ?, rows = ?, bytes = ?"
      " WHERE collection = ? AND number = ? AND after_key IS ? AND through_key IS ?",
      r.bracket.low, r.bracket.high, r.rows, r.bytes, r.chunk.collection, r.chunk.number,
      r.chunk.after, r.chunk.through);
}

}  // namespace

std::optional<std::string> fact(const Database& db, const std::string& name) {
  Statement row(db, "SELECT value FROM fact WHERE name = ?", name);
  if (!row.step()) return std::nullopt;
  return row.bytes(0);
}

void set_fact(Database& db, const std::string& name, const std::string& value) {
  db.run("INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)", name, value);
}

void append(Database& db, const Event& e) {
  db.run(
      "INSERT INTO event (at, kind, from_state, to_state, detail, undo) VALUES (?, ?, ?, ?, ?, ?)",
      nanoseconds(e.at), e.kind, e.from, e.to, e.detail, e.undo);
}

std::vector<Event> events(const Database& db, std::uint64_t after) {
  std::vector<Event> out;
  Statement row(db,
                "SELECT number, at, kind, from_state, to_state, detail, undo FROM event"
                " WHERE number > ? ORDER BY number",
                after);
  while (row.step()) {
    out.push_back({row.count(0), time_from(row.integer(1)), row.bytes(2), row.bytes(3),
                   row.bytes(4), row.bytes(5), row.bytes(6)});
  }
  return out;
}

void transition(Database& db, const Event& event) {
  const std::string now = fact(db, "state").value_or("");
  if (now != event.from) {
    throw Error(ErrorKind::internal, "journal.state",
                "the state is '" + now + "', not '" + event.from + "'");
  }
  set_fact(db, "state", event.to);
  append(db, event);
}

void put_table(Database& db, const TableRecord& t) {
  db.run(
      "INSERT INTO collection VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
      " source = excluded.source, target = excluded.target, dropped = excluded.dropped",
      t.id, json(t.source).dump(), json(t.target).dump(), t.planned_through, t.planned ? 1 : 0,
      t.dropped ? 1 : 0);
}

std::vector<TableRecord> all(const Database& db) {
  std::vector<TableRecord> out;
  Statement row(
      db,
      "SELECT id, source, target, planned_through, planned, dropped FROM collection ORDER BY id");
  while (row.step()) {
    out.push_back({static_cast<model::CollectionId>(row.integer(0)),
                   from_json_text<model::TableSchema>(row, 1),
                   from_json_text<model::CollectionName>(row, 2), row.key(3), row.integer(4) != 0,
                   row.integer(5) != 0});
  }
  return out;
}

void plan_chunk(Database& db, const model::Chunk& chunk, bool last) {
  insert_chunk(db, chunk);
  db.run("UPDATE collection SET planned_through = ?, planned = ? WHERE id = ?", chunk.through,
         last ? 1 : 0, chunk.collection);
  require_one_row(db, "journal.chunk", "a chunk of an unknown table");
}

void split_chunk(Database& db, const model::Chunk& chunk, const model::Key& through,
                 const model::Chunk& rest) {
  db.run(
      "UPDATE chunk SET through_key = ?"
      " WHERE collection = ? AND number = ? AND after_key IS ? AND through_key IS ? AND done = 0",
      through, chunk.collection, chunk.number, chunk.after, chunk.through);
  require_one_row(db, "journal.chunk", "a chunk to split is not planned so, or done");
  insert_chunk(db, rest);
}

void chunk_done(Database& db, const ChunkRecord& record) {
  mark_done(db, record);
  require_one_row(db, "journal.chunk", "a chunk said to be done is not planned so");
}

std::vector<ChunkRecord> chunks(const Database& db, model::CollectionId table) {
  std::vector<ChunkRecord> out;
  Statement row(db,
                "SELECT number, after_key, through_key, done, low, high, rows, bytes FROM chunk"
                " WHERE collection = ? ORDER BY number",
                table);
  while (row.step()) {
    out.push_back({{table, static_cast<std::uint32_t>(row.integer(0)), row.key(1), row.key(2)},
                   row.integer(3) != 0,
                   {row.position(4), row.position(5)},
                   row.count(6),
                   row.count(7)});
  }
  return out;
}

std::map<model::CollectionId, TableTotals> totals(const Database& db) {
  std::map<model::CollectionId, TableTotals> out;
  Statement chunk(db,
                  "SELECT collection, COUNT(*), SUM(done), SUM(rows), SUM(bytes) FROM chunk"
                  " GROUP BY collection");
  while (chunk.step()) {
    TableTotals& t = out[static_cast<model::CollectionId>(chunk.integer(0))];
    t.chunks = chunk.count(1);
    t.chunks_done = chunk.count(2);
    t.rows = chunk.count(3);
    t.bytes = chunk.count(4);
  }
  Statement proof(db,
                  "SELECT collection, COUNT(*), SUM(rows), MIN(at) FROM proof GROUP BY collection");
  while (proof.step()) {
    TableTotals& t = out[static_cast<model::CollectionId>(proof.integer(0))];
    t.chunks_proved = proof.count(1);
    t.rows_proved = proof.count(2);
    t.oldest_proof = time_from(proof.integer(3));
  }
  return out;
}

void reconcile(Database& db, model::CollectionId table, const std::vector<ChunkRecord>& on_target) {
  db.run(
      "UPDATE chunk SET done = 0, low = ':0', high = ':0', rows = 0, bytes = 0"
      " WHERE collection = ?",
      table);
  for (const auto& record : on_target) {
    if (record.chunk.collection == table && record.done) mark_done(db, record);
  }
  db.run(
      "DELETE FROM proof WHERE collection = ?1 AND chunk NOT IN"
      " (SELECT number FROM chunk WHERE collection = ?1 AND done = 1)",
      table);
}

void replan(Database& db, model::CollectionId table) {
  db.run("DELETE FROM chunk WHERE collection = ?", table);
  db.run("DELETE FROM proof WHERE collection = ?", table);
  db.run("UPDATE collection SET planned_through = NULL, planned = 0 WHERE id = ?", table);
}

void adopt(Database& db, const std::vector<AdoptedTable>& tables) {
  for (const char* sql : {"DELETE FROM proof", "DELETE FROM chunk", "DELETE FROM collection"}) {
    db.run(sql);
  }
  for (const auto& adopted : tables) {
    put_table(db, adopted.table);
    for (const auto& record : adopted.chunks) {
      insert_chunk(db, record.chunk);
      chunk_done(db, record);
    }
    for (const auto& proof : adopted.proofs) put_proof(db, proof);
  }
}

void put_proof(Database& db, const model::Proof& p) {
  db.run("INSERT OR REPLACE INTO proof VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", p.collection,
         p.chunk, p.bracket.low, p.bracket.high, p.applied, p.applied.sequence, p.applied.offset,
         p.digest.rows, p.digest.sum.text(), p.way, nanoseconds(p.at));
}

std::vector<model::Proof> proofs(const Database& db) {
  std::vector<model::Proof> out;
  Statement row(db,
                "SELECT collection, chunk, low, high, applied, rows, digest, way, at FROM proof"
                " ORDER BY collection, chunk");
  while (row.step()) {
    const auto sum = base::Digest::parse(row.bytes(6));
    if (!sum) row.damaged();
    out.push_back({static_cast<model::CollectionId>(row.integer(0)),
                   static_cast<std::uint32_t>(row.integer(1)),
                   {row.position(2), row.position(3)},
                   row.position(4),
                   {row.count(5), *sum},
                   row.bytes(7),
                   time_from(row.integer(8))});
  }
  return out;
}

void void_proofs_beyond(Database& db, const model::Position& applied) {
  db.run("DELETE FROM proof WHERE (applied_sequence, applied_offset) > (?, ?)", applied.sequence,
         applied.offset);
}

void open_finding(Database& db, const model::Finding& f) {
  db.run(
      "INSERT INTO finding (severity, code, subject, why, what_to_do, since)"
      " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (code, subject) DO UPDATE SET"
      " severity = excluded.severity, why = excluded.why, what_to_do = excluded.what_to_do",
      model::to_string(f.severity), f.code, f.subject, f.why, f.what_to_do,
      nanoseconds(Clock::now()));
}

std::vector<OpenFinding> open_findings(const Database& db) {
  std::vector<OpenFinding> out;
  Statement row(db,
                "SELECT number, severity, code, subject, why, what_to_do, since FROM finding"
                " ORDER BY number");
  while (row.step()) {
    out.push_back({row.count(0),
                   {model::severity_named(row.bytes(1)), row.bytes(2), row.bytes(3), row.bytes(4),
                    row.bytes(5)},
                   time_from(row.integer(6))});
  }
  return out;
}

}  // namespace wherry::journal::tables
