#include "stores/memory/writer.h"

#include <algorithm>
#include <cassert>

#include "base/error.h"

namespace wherry::stores::memory {

namespace {

Row row_in(const model::RowBatch& batch, std::size_t row) {
  Row out;
  for (std::size_t c = 0; c < batch.columns(); ++c) {
    const model::Cell cell = batch.cell(row, c);
    out.push_back(cell ? std::optional<std::string>(*cell) : std::nullopt);
  }
  return out;
}

class Writer final : public contract::RowWriter {
 public:
  Writer(std::shared_ptr<Server> server, contract::Fence fence, const Meant& meant)
      : server_(std::move(server)),
        fence_(std::move(fence)),
        generation_(server_->generation(meant)) {}

  void write_chunk(const contract::TablePair& table, const model::RowBatch& rows,
                   const contract::ChunkMark& mark, contract::ChunkWrite way) override {
    assert(!in_window_);
    server_->transaction(generation_, [&](Transaction& t) {
      t.check(fence_);
      if (way == contract::ChunkWrite::replace_range) {
        t.erase_range(table.target, mark.chunk.after, mark.chunk.through);
      }
      for (std::size_t row = 0; row < rows.rows(); ++row) t.put(table.target, row_in(rows, row));
      t.assign(t.progress().chunks, {fence_.migration, mark.chunk.collection, mark.chunk.number},
               mark);
    });
  }

  void begin_table(const contract::TablePair& table) override {
    begin_window();
    steps_.emplace_back([name = table.target](Transaction& t) { t.erase_range(name, {}, {}); });
  }

  void append(const contract::TablePair& table, const model::RowBatch& rows) override {
    put(table, rows);
  }

  void commit_table(const contract::ChunkMark& mark) override {
    server_->transaction(generation_, [&](Transaction& t) {
      t.check(fence_);
      for (const auto& step : steps_) step(t);
      t.assign(t.progress().chunks, {fence_.migration, mark.chunk.collection, mark.chunk.number},
               mark);
    });
    rollback();
  }

  void begin_window() override {
    assert(!in_window_);
    in_window_ = true;
  }

  void remove(const contract::TablePair& table, const std::vector<model::Key>& keys) override {
    assert(in_window_);
    steps_.emplace_back([name = table.target, keys](Transaction& t) {
      for (const auto& key : keys) t.erase(name, key);
    });
  }

  void put(const contract::TablePair& table, const model::RowBatch& rows) override {
    assert(in_window_);
    steps_.emplace_back([name = table.target, rows](Transaction& t) {
      for (std::size_t row = 0; row < rows.rows(); ++row) t.put(name, row_in(rows, row));
    });
  }

  void replay(const contract::TablePair& table, const model::RowEvent& event,
              contract::Replay way) override {
    assert(in_window_);
    const bool tolerant = way == contract::Replay::tolerant;
    steps_.emplace_back([name = table.target, event, tolerant](Transaction& t) {
      t.switch_off_foreign_keys();
      const std::size_t rows = std::max(event.before.rows(), event.after.rows());
      for (std::size_t row = 0; row < rows; ++row) {
        try {
          if (event.kind == model::ChangeKind::insert) {
            t.insert(name, row_in(event.after, row));
          } else if (event.kind == model::ChangeKind::remove) {
            t.remove_row(name, row_in(event.before, row));
          } else {
            t.update_row(name, row_in(event.before, row), row_in(event.after, row));
          }
        } catch (const base::Error& error) {
          if (tolerant) continue;
          throw base::Error(base::ErrorKind::data_mismatch, "target.row_missing", error.message(),
                            name.text());
        }
      }
    });
  }

  contract::Cascaded cascade(const contract::CascadeRules& rules,
                             const contract::ParentChange& change,
                             std::uint64_t most_keys) override {
    assert(in_window_);
    const std::size_t first = steps_.size();
    for (std::size_t row = change.first; row < change.first + change.count; ++row) {
      std::optional<Row> after;
      if (change.after != nullptr) after = row_in(*change.after, row);
      steps_.emplace_back([this, name = rules.tables.at(change.parent)->target,
                           before = row_in(*change.before, row), after](Transaction& t) {
        t.carry_on(name, before, after ? &*after : nullptr,
                   [this](const model::CollectionName& child, const Row& touched) {
                     if (touched_) touched_(child, touched);
                   });
      });
    }
    contract::Cascaded out;
    server_->try_out(generation_, [&](Transaction& t) {
      for (std::size_t i = 0; i < steps_.size(); ++i) {
        if (i == first) touched_ = teller(rules, most_keys, out);
        steps_[i](t);
      }
    });
    touched_ = nullptr;
    return out;
  }

  void commit_window(const contract::WindowMark& mark, std::uint64_t forget_through) override {
    assert(in_window_);
    server_->transaction(generation_, [&](Transaction& t) {
      t.check(fence_);
      for (const auto& step : steps_) step(t);
      move_stream(t, fence_, mark);
      auto& windows = t.progress().windows;
      const std::string& migration = fence_.migration;
      if (!mark.dirty_keys.empty()) t.assign(windows, {migration, mark.number}, mark);
      for (auto w = windows.lower_bound({migration, 0});
           w != windows.end() && w->first <= std::pair(migration, forget_through);) {
        t.assign(windows, (w++)->first, std::nullopt);
      }
    });
    rollback();
  }

  void rollback() noexcept override {
    in_window_ = false;
    steps_.clear();
  }

 private:
  static Transaction::RowTouched teller(const contract::CascadeRules& rules,
                                        std::uint64_t most_keys, contract::Cascaded& out) {
    return [&rules, most_keys, &out](const model::CollectionName& name, const Row& row) {
      for (const auto& [id, pair] : rules.tables) {
        if (pair->target != name) continue;
        auto& keys = out.keys[id];
        if (pair->source.key.empty() || keys.size() >= most_keys) {
          out.beyond.insert(id);
          continue;
        }
        model::Key key;
        for (const auto column : pair->source.key) key.append(row.at(column).value());
        keys.push_back(std::move(key));
      }
    };
  }

  Transaction::RowTouched touched_;  // while a cascade is tried out
  std::shared_ptr<Server> server_;
  contract::Fence fence_;
  std::uint64_t generation_;
  bool in_window_ = false;
  std::vector<std::function<void(Transaction&)>> steps_;
};

}  // namespace

std::unique_ptr<contract::RowWriter> open_writer(std::shared_ptr<Server> server,
                                                 const contract::Fence& fence, const Meant& meant) {
  return std::make_unique<Writer>(std::move(server), fence, meant);
}

void move_stream(Transaction& t, const contract::Fence& fence, const contract::WindowMark& mark) {
  auto& streams = t.progress().streams;
  if (!streams.contains(fence.migration)) {
    throw base::Error(base::ErrorKind::internal, "target.stream_missing",
                      "the stream was not started");
  }
  t.assign(streams, fence.migration,
           Stream{mark.end, mark.number, streams.at(fence.migration).source});
}

void forget_chunks(Transaction& t, const contract::Fence& fence, model::CollectionId id) {
  std::vector<std::uint32_t> numbers;
  for (const auto& [key, mark] : t.progress().chunks) {
    const auto& [migration, table, number] = key;
    if (migration == fence.migration && table == id) numbers.push_back(number);
  }
  for (const auto number : numbers) {
    t.assign(t.progress().chunks, {fence.migration, id, number}, std::nullopt);
  }
}

}  // namespace wherry::stores::memory
