#include "stores/mysql/row_view.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "stores/mysql/json_scan.h"
#include "stores/mysql/json_types.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/server_digest.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using contract::RowDigest;
using contract::TableRef;
using model::Key;

constexpr std::uint64_t smallest_page = 16;
constexpr std::uint64_t first_page =
    1000;  // until rows of the table were seen, sizes are an estimate
constexpr std::uint64_t largest_page = 1'000'000;
constexpr std::uint64_t worth_knowing = 100;  // rows; fewer say little of the others
// Rows with documents are read a page after the other, since their types have to be asked for.
constexpr base::Bytes document_page{std::uint64_t{1} << 20U};

Error mismatch(const TableRef& table, std::string_view why) {
  return Error(ErrorKind::data_mismatch, "mysql.table_changed", std::string(why),
               table.name.text());
}

// A row of a batch, as a Stream gives one.
struct BatchRow {
  const model::RowBatch& batch;
  std::size_t row;
  std::size_t columns() const { return batch.columns(); }
  model::Cell cell(std::size_t column) const { return batch.cell(row, column); }
};

bool is_float(const model::Column& column) {
  return column.type == model::ColumnType::float_ || column.type == model::ColumnType::double_;
}

// The sign of a zero is carried, but is no difference: MariaDB does not keep it.
template <typename Row>
base::Digest digest_row(base::RowHasher& hasher, const model::TableSchema& shape, const Row& row) {
  for (std::size_t i = 0; i < row.columns(); ++i) {
    if (const model::Cell cell = row.cell(i)) {
      hasher.field(*cell == "-0" && is_float(shape.columns[i]) ? "0" : *cell);
    } else {
      hasher.null();
    }
  }
  return hasher.finish();
}

template <typename Row>
Key key_of(const TableRef& table, const Row& row, const std::vector<std::size_t>& key_columns) {
  Key key;
  for (const std::size_t at : key_columns) {
    const model::Cell cell = row.cell(at);
    if (!cell) throw mismatch(table, "a key holds NULL");
    key.append(*cell);
  }
  return key;
}

std::string select_rows(const TableRef& table, const std::string& where) {
  const std::string from = table.shape->key.empty() ? qualified(table.name) + " `t`"
                                                    : from_table(table.name, *table.shape);
  return "SELECT " + select_list(*table.shape) + " FROM " + from + " WHERE " + where;
}

// Requires: `connection` has just begun the transaction of the view.
class View final : public contract::RowView {
 public:
  View(Connection& connection, model::Bracket bracket, RowSizes& sizes, AskLogEnd log_end)
      : connection_(connection),
        bracket_(std::move(bracket)),
        sizes_(sizes),
        log_end_(std::move(log_end)),
        settled_by_(bracket_.high) {}
  ~View() override {
    try {
      connection_.execute("ROLLBACK");
    } catch (const Error&) {  // the reader sees it when it opens the next view
    }
  }

  const model::Bracket& bracket() const override { return bracket_; }
  model::Position names_settled_by() const override { return settled_by_; }

  std::optional<Key> boundary(const TableRef& table, const std::optional<Key>& after,
                              const std::optional<Key>& through, std::uint64_t rows) override {
    assert(rows > 0);
    require_key(table);
    const std::string sql =
        "SELECT " + key_select_list(*table.shape) + " FROM " +
        from_table(table.name, *table.shape) + " WHERE " + key_range(*table.shape, after, through) +
        " ORDER BY " + order_by_key(*table.shape) + " LIMIT " + std::to_string(rows - 1) + ",1";
    std::optional<Key> found;
    each_row(table, sql, [&](const Stream& row) {
      std::vector<std::size_t> all(row.columns());
      std::iota(all.begin(), all.end(), std::size_t{0});
      found = key_of(table, row, all);
      return true;
    });
    return found;
  }

  std::optional<Key> read(const TableRef& table, const model::Chunk& chunk, base::Bytes limit,
                          model::RowBatch& out) override {
    require_key(table);
    const std::uint64_t row_estimate = std::max<std::uint64_t>(table.shape->row_estimate, 1);
    std::uint64_t row_bytes =
        std::max<std::uint64_t>(table.shape->byte_estimate / row_estimate, 64);
    std::uint64_t cap = first_page;
    if (const auto known = sizes_.find(table.name); known != sizes_.end()) {
      row_bytes = known->second;
      cap = largest_page;
    }
    const bool documents = has_documents(table);
    model::RowBatch untyped(table.shape->columns.size());
    model::RowBatch& into = documents ? untyped : out;
    std::optional<Key> after = chunk.after;
    // Pages of about the size that fits, because what is sent beyond the limit has to be thrown
    // away.
    for (;;) {
      const std::uint64_t start = out.bytes();
      const std::uint64_t room = limit.count > start ? limit.count - start : 1;
      const std::uint64_t page = std::clamp(room / row_bytes + 1, smallest_page, cap);
      const std::string sql = select_rows(table, key_range(*table.shape, after, chunk.through)) +
                              " ORDER BY " + order_by_key(*table.shape) + " LIMIT " +
                              std::to_string(page);
      std::uint64_t count = 0;
      bool full = false;
      each_row(table, sql, [&](const Stream& row) {
        for (std::size_t i = 0; i < row.columns(); ++i) into.append(row.cell(i));
        ++count;
        full = (documents ? start : 0) + into.bytes() >= limit.count;
        return !full;
      });
      if (documents) append_typed(table, untyped, out);
      untyped.clear();
      if (count != 0) row_bytes = std::max<std::uint64_t>((out.bytes() - start) / count, 1);
      if (count >= worth_knowing) sizes_[table.name] = row_bytes;
      if (!full && count < page) return std::nullopt;
      after = key_of(table, BatchRow{out, out.rows() - 1}, table.shape->key);
      if (full) return after;
      cap = largest_page;
    }
  }

  void read_all(const TableRef& table, base::Bytes batch,
                const std::function<void(const model::RowBatch&)>& take) override {
    model::RowBatch rows(table.shape->columns.size());
    if (has_documents(table)) return read_pages(table, {}, batch, take);
    each_row(table, select_rows(table, "TRUE"), [&](const Stream& row) {
      for (std::size_t i = 0; i < row.columns(); ++i) rows.append(row.cell(i));
      if (rows.bytes() < batch.count) return true;
      take(rows);
      rows.clear();
      return true;
    });
    if (!rows.empty()) take(rows);
  }

  model::RowBatch read_keys(const TableRef& table, const std::vector<Key>& keys) override {
    require_key(table);
    model::RowBatch out(table.shape->columns.size());
    each_row_of_keys(table, keys, [&](const auto& row) {
      for (std::size_t i = 0; i < row.columns(); ++i) out.append(row.cell(i));
    });
    return out;
  }

  model::ChunkDigest digest(const TableRef& table, const model::Chunk& chunk,
                            const base::DigestKey& key) override {
    if (chunk.after || chunk.through) require_key(table);
    model::ChunkDigest total;
    base::RowHasher hasher(key);
    each_row_of_chunk(table, chunk, [&](const auto& row) {
      total.sum += digest_row(hasher, *table.shape, row);
      ++total.rows;
    });
    return total;
  }

  // The hidden table that the server puts its digests in must stay small, so one of all rows is not
  // asked for.
  std::optional<model::ChunkDigest> digest_in_store(const TableRef& table,
                                                    const model::Chunk& chunk,
                                                    const base::DigestKey& key) override {
    const model::TableSchema& shape = *table.shape;
    if (shape.key.empty() || !servers_can_digest(shape)) return std::nullopt;
    const std::string from_where =
        from_table(table.name, shape) + " WHERE " + key_range(shape, chunk.after, chunk.through);
    std::optional<model::ChunkDigest> digest;
    each_row(table, server_digest_query(shape, from_where, key), [&](const Stream& row) {
      digest = server_digest_of(row);
      return true;
    });
    return digest;
  }

  std::vector<RowDigest> row_digests(const TableRef& table, const model::Chunk& chunk,
                                     const base::DigestKey& key) override {
    require_key(table);
    std::vector<RowDigest> out;
    base::RowHasher hasher(key);
    each_row_of_chunk(table, chunk, [&](const auto& row) {
      out.push_back({key_of(table, row, table.shape->key), digest_row(hasher, *table.shape, row)});
    });
    return out;
  }

  std::vector<RowDigest> key_digests(const TableRef& table, const std::vector<Key>& keys,
                                     const base::DigestKey& key) override {
    require_key(table);
    std::vector<RowDigest> out;
    base::RowHasher hasher(key);
    each_row_of_keys(table, keys, [&](const auto& row) {
      out.push_back({key_of(table, row, table.shape->key), digest_row(hasher, *table.shape, row)});
    });
    return out;
  }

  std::optional<model::TableSchema> definition(const model::CollectionName& name) override {
    return read_table(connection_, name);
  }

 private:
  // What was read is of no use if this throws: whether the table is as expected is asked after its
  // first read, which keeps the definition from changing from then on. `read` is told whether it is
  // the first, and asks.
  template <typename Read>
  void read_from(const TableRef& table, Read read) {
    const bool first = !checked_.contains({table.name, table.shape});
    try {
      read(first);
    } catch (const Error& e) {
      if (e.code() == "mysql.no_such_object") throw mismatch(table, e.message());
      const bool may_be_changed =
          first && e.kind() != ErrorKind::connection_lost && e.kind() != ErrorKind::cancelled;
      if (may_be_changed) require_shape(table, read_table(connection_, table.name));
      throw e.within(table.name.text());
    }
  }

  // `take` says whether it wants the next row.
  template <typename Take>
  void each_row(const TableRef& table, const std::string& sql, Take take) {
    read_from(table, [&](bool first) {
      std::vector<std::string> statements{sql};
      if (first) {
        for (auto& question : table_questions(table.name)) {
          statements.push_back(std::move(question));
        }
        if (asks_own_log()) {
          statements.emplace_back(log_status_statement(connection_.server()));
        }
      }
      {
        Stream rows = connection_.stream(statements);
        while (rows.next() && take(std::as_const(rows))) {
        }
      }
      if (!first) return;
      auto answers = connection_.rest();
      settle_names(answers);
      require_shape(table, table_of(answers, table.name));
    });
  }

  // A view that knows its place.
  bool asks_own_log() const { return !bracket_.high.log.empty() && !log_end_; }

  // From the first read of a table to the view's end its name stays what it was. Takes the answer
  // about the log from `answers`.
  void settle_names(std::vector<Result>& answers) {
    std::optional<model::Position> end;
    if (asks_own_log()) {
      end = log_end(answers.back());
      answers.pop_back();
    } else if (log_end_) {
      end = log_end_();
    }
    if (end) settled_by_ = std::max(settled_by_, *end);
  }

  void append_typed(const TableRef& table, const model::RowBatch& rows, model::RowBatch& out) {
    read_from(table, [&](bool /*first*/) { append_with_types(connection_, table, rows, out); });
  }

  // The shape knows them as documents only where both sides of a migration are MySQL.
  bool has_documents(const TableRef& table) const {
    return !connection_.server().is_mariadb() && has_json(*table.shape);
  }

  void read_pages(const TableRef& table, model::Chunk chunk, base::Bytes page,
                  const std::function<void(const model::RowBatch&)>& take) {
    if (table.shape->key.empty()) {
      return read_from(table, [&](bool first) {
        scan_with_types(connection_, table, page, take);
        if (first) require_shape(table, read_table(connection_, table.name));
      });
    }
    model::RowBatch rows(table.shape->columns.size());
    for (bool more = true; more;) {
      const auto last = read(table, chunk, page, rows);
      if (!rows.empty()) take(rows);
      rows.clear();
      more = last.has_value();
      chunk.after = last;
    }
  }

  template <typename Take>
  static void take_each(const model::RowBatch& rows, const Take& take) {
    for (std::size_t row = 0; row < rows.rows(); ++row) take(BatchRow{rows, row});
  }

  template <typename Take>
  void each_row_of_chunk(const TableRef& table, const model::Chunk& chunk, Take take) {
    if (has_documents(table)) {
      return read_pages(table, chunk, document_page,
                        [&](const model::RowBatch& rows) { take_each(rows, take); });
    }
    each_row(table, select_rows(table, key_range(*table.shape, chunk.after, chunk.through)),
             [&](const Stream& row) {
               take(row);
               return true;
             });
  }

  template <typename Take>
  void each_row_of_keys(const TableRef& table, const std::vector<Key>& keys, Take take) {
    const bool documents = has_documents(table);
    for (std::size_t at = 0; at < keys.size(); at += keys_a_statement) {
      const std::size_t count = std::min(keys_a_statement, keys.size() - at);
      model::RowBatch rows(table.shape->columns.size());
      each_row(table, select_rows(table, key_in(*table.shape, &keys[at], count)),
               [&](const Stream& row) {
                 if (!documents) {
                   take(row);
                   return true;
                 }
                 for (std::size_t i = 0; i < row.columns(); ++i) rows.append(row.cell(i));
                 return true;
               });
      if (!documents) continue;
      model::RowBatch typed(table.shape->columns.size());
      append_typed(table, rows, typed);
      take_each(typed, take);
    }
  }

  static void require_key(const TableRef& table) {
    if (!table.shape->key.empty()) return;
    throw Error(ErrorKind::not_supported, "mysql.no_key",
                "the table has no key that identifies its rows", table.name.text());
  }

  // A definition changed later than the view makes the server refuse to read (1412).
  void require_shape(const TableRef& table, const std::optional<model::TableSchema>& found) {
    if (!found) throw mismatch(table, "the table does not exist");
    if (!table.shape->takes_rows_of(*found)) {
      throw mismatch(table, "columns or key are not as expected");
    }
    checked_.insert({table.name, table.shape});
  }

  Connection& connection_;
  model::Bracket bracket_;
  RowSizes& sizes_;
  const AskLogEnd log_end_;
  model::Position settled_by_;
  std::set<std::pair<model::CollectionName, const model::TableSchema*>> checked_;
};

}  // namespace

std::vector<Result> begin_view(Connection& connection, std::vector<std::string> before,
                               const std::vector<std::string>& after) {
  const auto begun = static_cast<std::ptrdiff_t>(before.size());
  before.emplace_back("ROLLBACK");
  before.emplace_back("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  before.insert(before.end(), after.begin(), after.end());
  auto answers = connection.query_all(before);
  answers.erase(answers.begin() + begun, answers.begin() + begun + 2);
  return answers;
}

std::unique_ptr<contract::RowView> make_view(Connection& connection, model::Bracket bracket,
                                             RowSizes& sizes, AskLogEnd log_end) {
  return std::make_unique<View>(connection, std::move(bracket), sizes, std::move(log_end));
}

}  // namespace wherry::stores::mysql
