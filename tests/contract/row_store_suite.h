#pragma once
// What every store of rows must do, as source and as target. A store joins with a factory of labs:
//   INSTANTIATE_TEST_SUITE_P(memory, RowStoreSuite, testing::Values(&make_memory_lab));
// and includes the tests once, row_store_views.h and row_store_writes.h.

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/error.h"
#include "contract/row_store.h"

namespace wherry::tests {

using CellText = std::optional<std::string>;
using RowText = std::vector<CellText>;

// One statement of a client, on the table `items`.
struct ClientWrite {
  enum class Kind { insert, update, remove } kind = Kind::insert;
  int id = 0;   // update, remove: of the row as it is
  RowText row;  // insert, update
};

// Two servers of one kind that a test writes to as a client does, beside the store under test. The
// schema `suite` is empty on both when a lab begins.
class RowStoreLab {
 public:
  enum class Side { source, target };

  RowStoreLab() = default;
  RowStoreLab(const RowStoreLab&) = delete;
  RowStoreLab& operator=(const RowStoreLab&) = delete;
  virtual ~RowStoreLab() = default;

  virtual contract::RowSource& source() = 0;
  virtual contract::RowTarget& target() = 0;

  // suite.items: id int primary key, name varchar(100), code varchar(40) unique, n bigint; all but
  // the id may be NULL.
  virtual void create_items(Side side) = 0;
  virtual void write(Side side, const std::vector<ClientWrite>& transaction) = 0;
  virtual void add_column(
      Side side, const std::string& name) = 0;  // to items, at its end: varchar(40), may be NULL
  virtual void crash(Side side) = 0;            // and be there again, with all that was committed
  // Leases see so much time go by; a lab on a real clock sleeps.
  virtual void let_time_pass(std::chrono::seconds time) = 0;
};

using RowStoreLabFactory = std::shared_ptr<RowStoreLab> (*)();

class RowStoreSuite : public testing::TestWithParam<RowStoreLabFactory> {
 protected:
  using Side = RowStoreLab::Side;
  using Kind = ClientWrite::Kind;

  RowStoreSuite() {
    lab_->create_items(Side::source);
    lab_->target().prepare();
    const auto tables =
        lab_->source().tables([](const model::CollectionName& n) { return n.schema == "suite"; });
    EXPECT_EQ(tables.size(), 1U);
    pair_ = {7, tables.at(0), items};
  }

  static RowText item(int id, CellText name = "", CellText code = std::nullopt, int n = 0) {
    return {std::to_string(id), std::move(name), std::move(code), std::to_string(n)};
  }
  static ClientWrite insert(RowText row) { return {Kind::insert, 0, std::move(row)}; }
  static ClientWrite update(int id, RowText row) { return {Kind::update, id, std::move(row)}; }
  static ClientWrite remove(int id) { return {Kind::remove, id, {}}; }
  static model::Key key(int id) { return model::Key({std::to_string(id)}); }

  void at_source(const std::vector<ClientWrite>& transaction) {
    lab_->write(Side::source, transaction);
  }
  // Ids first … last, each row in a transaction of its own or all in one.
  void fill(Side side, int first, int last) {
    std::vector<ClientWrite> writes;
    for (int id = first; id <= last; ++id)
      writes.push_back(insert(item(id, "name", std::to_string(id))));
    lab_->write(side, writes);
  }

  contract::TableRef ref() const { return {items, &pair_.source}; }
  static model::Chunk whole() { return {7, 1, std::nullopt, std::nullopt}; }
  static model::Chunk range(std::optional<int> after, std::optional<int> through) {
    model::Chunk chunk{7, 1, {}, {}};
    if (after) chunk.after = key(*after);
    if (through) chunk.through = key(*through);
    return chunk;
  }

  std::unique_ptr<contract::RowReader> reader(Side side) {
    return side == Side::source ? lab_->source().reader({}) : lab_->target().reader({});
  }
  static std::vector<RowText> rows_in(const model::RowBatch& batch) {
    std::vector<RowText> out(batch.rows());
    for (std::size_t r = 0; r < batch.rows(); ++r) {
      for (std::size_t c = 0; c < batch.columns(); ++c) {
        const model::Cell cell = batch.cell(r, c);
        out[r].push_back(cell ? CellText(*cell) : CellText());
      }
    }
    return out;
  }
  std::vector<RowText> read(contract::RowView& view, const model::Chunk& chunk) {
    model::RowBatch batch(pair_.source.columns.size());
    EXPECT_EQ(view.read(ref(), chunk, base::Bytes{1U << 30U}, batch), std::nullopt);
    return rows_in(batch);
  }
  std::vector<RowText> rows(Side side) {
    const auto r = reader(side);
    return read(*r->open_view(), whole());
  }
  static std::set<int> ids(const std::vector<RowText>& rows) {
    std::set<int> out;
    for (const auto& row : rows) out.insert(std::stoi(row.at(0).value()));
    return out;
  }

  model::RowBatch batch(const std::vector<RowText>& rows) const {
    model::RowBatch out(pair_.source.columns.size());
    for (const auto& row : rows) {
      for (const auto& cell : row) out.append(cell ? model::Cell(*cell) : model::Cell());
    }
    return out;
  }

  contract::Fence acquire(const std::string& owner = "one") {
    return lab_->target().acquire({"suite", owner, std::chrono::seconds(2)});
  }
  // A fence, the table on the target, and a stream that was started.
  contract::Fence begin_target() {
    auto fence = acquire();
    lab_->target().create_tables(fence, lab_->source(), {pair_});
    lab_->target().start_stream(fence, start_);
    return fence;
  }
  static model::Position at(std::uint64_t offset) {
    return model::Position::in_log("log.000001", offset);
  }
  contract::ChunkMark mark(const model::Chunk& chunk, std::uint64_t row_count) const {
    return {chunk, {at(10), at(20)}, row_count, 1000};
  }

  // The changes at the source from a position on, until so many rows came.
  struct Change {
    model::ChangeKind kind;
    RowText before;
    RowText after;
    model::Position begin;
    model::Position end;
  };
  std::vector<model::ChangePart> next_parts(contract::ChangeLog& log, std::size_t row_count) {
    std::vector<model::ChangePart> out;
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (row_count != 0 && std::chrono::steady_clock::now() < give_up) {
      auto part = log.next(std::chrono::milliseconds(500), {});
      if (!part) continue;
      for (const auto& event : part->events) {
        row_count -= std::min(row_count, std::max(event.before.rows(), event.after.rows()));
      }
      out.push_back(std::move(*part));
    }
    EXPECT_EQ(row_count, 0U) << "changes are missing in the log";
    while (!out.empty() && !out.back().last) {
      auto part = log.next(std::chrono::milliseconds(500), {});
      if (!part) break;
      out.push_back(std::move(*part));
    }
    return out;
  }
  static std::vector<Change> changes_in(const std::vector<model::ChangePart>& parts) {
    std::vector<Change> out;
    for (const auto& part : parts) {
      for (const auto& event : part.events) {
        const auto before = rows_in(event.before);
        const auto after = rows_in(event.after);
        for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
          out.push_back({event.kind, i < before.size() ? before[i] : RowText(),
                         i < after.size() ? after[i] : RowText(), part.begin, part.end});
        }
      }
    }
    return out;
  }

  template <typename Call>
  static std::optional<base::ErrorKind> kind_of(const Call& call) {
    try {
      call();
    } catch (const base::Error& e) {
      return e.kind();
    }
    return std::nullopt;
  }

  inline static const model::CollectionName items{"suite", "items"};
  const std::shared_ptr<RowStoreLab> lab_ = GetParam()();
  contract::TablePair pair_;
  model::Position start_ = at(4);
  base::DigestKey digest_key_ = base::DigestKey::random();
};

}  // namespace wherry::tests
