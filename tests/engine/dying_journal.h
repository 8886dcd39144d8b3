#pragma once
// A journal whose process dies at a write of it (switch_bed.h).

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "journal/journal.h"
#include "tests/engine/switch_bed.h"

namespace wherry::engine {

class DyingJournal final : public journal::Journal {
 public:
  DyingJournal(std::unique_ptr<Journal> inner, std::shared_ptr<Death> death)
      : inner_(std::move(inner)), death_(std::move(death)) {}

  std::optional<std::string> fact(const std::string& name) override { return inner_->fact(name); }
  std::vector<journal::Event> events(std::uint64_t after) override { return inner_->events(after); }
  std::vector<journal::TableRecord> tables() override { return inner_->tables(); }
  std::vector<journal::ChunkRecord> chunks(model::CollectionId table) override {
    return inner_->chunks(table);
  }
  std::map<model::CollectionId, journal::TableTotals> totals() override { return inner_->totals(); }
  std::vector<model::Proof> proofs() override { return inner_->proofs(); }
  std::vector<journal::OpenFinding> open_findings() override { return inner_->open_findings(); }

  void set_fact(const std::string& name, const std::string& value) override {
    // Written all the time by what goes on beside the switch; not a step of it.
    if (name == "position" || name == "watch_place") return inner_->set_fact(name, value);
    write([&] { inner_->set_fact(name, value); });
  }
  bool swap_fact(const std::string& name, const std::optional<std::string>& expected,
                 const std::string& value) override {
    return inner_->swap_fact(name, expected, value);
  }
  void append(const journal::Event& event) override { inner_->append(event); }
  void transition(const journal::Event& event) override {
    write([&] { inner_->transition(event); });
  }
  void put_tables(const std::vector<journal::TableRecord>& tables) override {
    inner_->put_tables(tables);
  }
  void plan_chunk(const model::Chunk& chunk, bool last) override {
    inner_->plan_chunk(chunk, last);
  }
  void split_chunk(const model::Chunk& chunk, const model::Key& through,
                   const model::Chunk& rest) override {
    inner_->split_chunk(chunk, through, rest);
  }
  void chunk_done(const journal::ChunkRecord& record) override { inner_->chunk_done(record); }
  void reconcile(model::CollectionId table,
                 const std::vector<journal::ChunkRecord>& on_target) override {
    inner_->reconcile(table, on_target);
  }
  void replan(model::CollectionId table) override { inner_->replan(table); }
  void adopt(const std::vector<journal::AdoptedTable>& tables) override {
    write([&] { inner_->adopt(tables); });
  }
  void put_proof(const model::Proof& proof) override { inner_->put_proof(proof); }
  void void_proofs(model::CollectionId table) override { inner_->void_proofs(table); }
  void void_proofs_beyond(const model::Position& applied) override {
    inner_->void_proofs_beyond(applied);
  }
  void void_proof(model::CollectionId table, std::uint32_t chunk) override {
    inner_->void_proof(table, chunk);
  }
  void open_finding(const model::Finding& finding) override { inner_->open_finding(finding); }
  void close_findings(const std::string& code, const std::string& subject) override {
    inner_->close_findings(code, subject);
  }

 private:
  template <typename Write>
  void write(const Write& inner) {
    death_->before();
    inner();
    death_->after();
  }

  std::unique_ptr<Journal> inner_;
  std::shared_ptr<Death> death_;
};

}  // namespace wherry::engine
