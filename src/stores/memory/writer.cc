#include "stores/memory/writer.h"

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
  Writer(std::shared_ptr<Server> server, contract::Fence fence)
      : server_(std::move(server)), fence_(std::move(fence)), generation_(server_->generation()) {}

  void write_chunk(const contract::TablePair& table, const model::RowBatch& rows,
                   const contract::ChunkMark& mark) override {
    assert(!in_window_);
    server_->transaction(generation_, [&](Transaction& t) {
      t.check(fence_);
      for (std::size_t row = 0; row < rows.rows(); ++row) t.put(table.target, row_in(rows, row));
      t.assign(t.progress().chunks, {fence_.migration, mark.chunk.collection, mark.chunk.number},
               mark);
    });
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
  std::shared_ptr<Server> server_;
  contract::Fence fence_;
  std::uint64_t generation_;
  bool in_window_ = false;
  std::vector<std::function<void(Transaction&)>> steps_;
};

}  // namespace

std::unique_ptr<contract::RowWriter> open_writer(std::shared_ptr<Server> server,
                                                 const contract::Fence& fence) {
  return std::make_unique<Writer>(std::move(server), fence);
}

void move_stream(Transaction& t, const contract::Fence& fence, const contract::WindowMark& mark) {
  auto& streams = t.progress().streams;
  if (!streams.contains(fence.migration)) {
    throw base::Error(base::ErrorKind::internal, "target.stream_missing",
                      "the stream was not started");
  }
  t.assign(streams, fence.migration, Stream{mark.end, mark.number});
}

}  // namespace wherry::stores::memory
