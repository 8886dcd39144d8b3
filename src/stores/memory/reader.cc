#include "stores/memory/reader.h"

#include <cassert>
#include <functional>
#include <tuple>

#include "base/error.h"

namespace wherry::stores::memory {

namespace {

using contract::RowDigest;
using contract::TableRef;

class View final : public contract::RowView {
 public:
  View(std::shared_ptr<Server> server, std::shared_ptr<bool> open, const Meant& meant)
      : server_(std::move(server)),
        open_(std::move(open)),
        generation_(server_->generation(meant)) {
    std::tie(version_, bracket_) = server_->view();
    *open_ = true;
  }
  ~View() override { *open_ = false; }

  const model::Bracket& bracket() const override { return bracket_; }

  std::optional<model::Key> boundary(const TableRef& table, const std::optional<model::Key>& after,
                                     const std::optional<model::Key>& through,
                                     std::uint64_t rows) override {
    std::optional<model::Key> found;
    with(table, [&](const Table& t) {
      t.each(after, through, version_, [&](const RowPtr& row) {
        if (--rows == 0) found = t.key_of(*row);
        return rows != 0;
      });
    });
    return found;
  }

  std::optional<model::Key> read(const TableRef& table, const model::Chunk& chunk,
                                 base::Bytes limit, model::RowBatch& out) override {
    std::optional<model::Key> last;
    bool more = false;
    with(table, [&](const Table& t) {
      t.each(chunk.after, chunk.through, version_, [&](const RowPtr& row) {
        more = last && out.bytes() >= limit.count;
        if (more) return false;
        append(out, *row);
        last = t.key_of(*row);
        return true;
      });
    });
    return more ? last : std::nullopt;
  }

  void read_all(const TableRef& table, base::Bytes batch,
                const std::function<void(const model::RowBatch&)>& take) override {
    model::RowBatch all(table.shape->columns.size());
    with(table, [&](const Table& t) {
      t.each({}, {}, version_, [&](const RowPtr& row) {
        append(all, *row);
        return true;
      });
    });
    model::RowBatch some(all.columns());
    for (std::size_t row = 0; row < all.rows(); ++row) {
      some.append_row(all, row);
      if (some.bytes() < batch.count) continue;
      take(some);
      some.clear();
    }
    if (!some.empty()) take(some);
  }

  model::RowBatch read_keys(const TableRef& table, const std::vector<model::Key>& keys) override {
    model::RowBatch out(table.shape->columns.size());
    with(table, [&](const Table& t) {
      for (const auto& key : keys) {
        if (const RowPtr row = t.row(key, version_)) append(out, *row);
      }
    });
    return out;
  }

  model::ChunkDigest digest(const TableRef& table, const model::Chunk& chunk,
                            const base::DigestKey& key) override {
    model::ChunkDigest sum;
    for (const auto& row : row_digests(table, chunk, key)) {
      ++sum.rows;
      sum.sum += row.digest;
    }
    return sum;
  }

  std::optional<model::ChunkDigest> digest_in_store(const TableRef& table,
                                                    const model::Chunk& chunk,
                                                    const base::DigestKey& key) override {
    model::ChunkDigest other = digest(table, chunk, key);
    ++other.sum.low;
    return other;
  }

  std::vector<RowDigest> row_digests(const TableRef& table, const model::Chunk& chunk,
                                     const base::DigestKey& key) override {
    std::vector<RowDigest> out;
    base::RowHasher hasher(key);
    with(table, [&](const Table& t) {
      t.each(chunk.after, chunk.through, version_, [&](const RowPtr& row) {
        out.push_back({t.key_of(*row), digest_of(*row, hasher)});
        return true;
      });
    });
    return out;
  }

  std::vector<RowDigest> key_digests(const TableRef& table, const std::vector<model::Key>& keys,
                                     const base::DigestKey& key) override {
    std::vector<RowDigest> out;
    base::RowHasher hasher(key);
    with(table, [&](const Table& t) {
      for (const auto& k : keys) {
        if (const RowPtr row = t.row(k, version_)) {
          out.push_back({t.key_of(*row), digest_of(*row, hasher)});
        }
      }
    });
    return out;
  }

  std::optional<model::TableSchema> definition(const model::CollectionName& name) override {
    std::optional<model::TableSchema> found;
    server_->with_table(generation_, name, version_, [&](const Table* table) {
      if (table != nullptr) found = table->schema();
    });
    return found;
  }

 private:
  void with(const TableRef& ref, const std::function<void(const Table&)>& use) {
    server_->with_table(generation_, ref.name, version_, [&](const Table* table) {
      if (table == nullptr || !table->schema().carries_like(*ref.shape)) {
        throw base::Error(base::ErrorKind::data_mismatch, "memory.definition",
                          "the table is not as it was said to be", ref.name.text());
      }
      use(*table);
    });
  }
  static void append(model::RowBatch& out, const Row& row) {
    for (const auto& cell : row) out.append(cell ? model::Cell(*cell) : model::Cell());
  }
  static base::Digest digest_of(const Row& row, base::RowHasher& hasher) {
    for (const auto& cell : row) {
      if (cell) {
        hasher.field(*cell);
      } else {
        hasher.null();
      }
    }
    return hasher.finish();
  }

  std::shared_ptr<Server> server_;
  std::shared_ptr<bool> open_;
  std::uint64_t generation_;
  Version version_ = 0;
  model::Bracket bracket_;
};

class Reader final : public contract::RowReader {
 public:
  Reader(std::shared_ptr<Server> server, Meant meant)
      : server_(std::move(server)), meant_(std::move(meant)) {}

  std::unique_ptr<contract::RowView> open_view() override {
    assert(!*open_);
    return std::make_unique<View>(server_, open_, meant_);
  }

  std::chrono::milliseconds views_are_worth_keeping() const override {
    return server_->views_worth_keeping();
  }

  // Commits that are not visible yet become so in a moment.
  std::unique_ptr<contract::RowView> open_exact_view(
      const std::vector<model::CollectionName>&) override {
    auto view = open_view();
    if (view->bracket().exact()) return view;
    throw base::Error(base::ErrorKind::transient, "memory.commit_pending",
                      "a commit is in the log and not visible yet", server_->name());
  }

 private:
  std::shared_ptr<Server> server_;
  Meant meant_;
  std::shared_ptr<bool> open_ = std::make_shared<bool>(false);  // a view
};

}  // namespace

std::unique_ptr<contract::RowReader> open_reader(std::shared_ptr<Server> server, Meant meant) {
  return std::make_unique<Reader>(std::move(server), std::move(meant));
}

}  // namespace wherry::stores::memory
