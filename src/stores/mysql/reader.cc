#include "stores/mysql/reader.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/error.h"
#include "stores/mysql/identity.h"
#include "stores/mysql/json_types.h"
#include "stores/mysql/log_position.h"
#include "stores/mysql/schema.h"
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
Key key_of(const Row& row, const std::vector<std::size_t>& key_columns) {
  Key key;
  for (const std::size_t at : key_columns) {
    const model::Cell cell = row.cell(at);
    assert(cell);
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
  View(Connection& connection, model::Bracket bracket)
      : connection_(connection), bracket_(std::move(bracket)) {}
  ~View() override {
    try {
      connection_.execute("ROLLBACK");
    } catch (const Error&) {  // the reader sees it when it opens the next view
    }
  }

  const model::Bracket& bracket() const override { return bracket_; }

  std::optional<Key> boundary(const TableRef& table, const std::optional<Key>& after,
                              const std::optional<Key>& through, std::uint64_t rows) override {
    assert(rows > 0);
    check(table);
    require_key(table);
    const std::string sql =
        "SELECT " + key_select_list(*table.shape) + " FROM " +
        from_table(table.name, *table.shape) + " WHERE " + key_range(*table.shape, after, through) +
        " ORDER BY " + order_by_key(*table.shape) + " LIMIT " + std::to_string(rows - 1) + ",1";
    std::optional<Key> found;
    each_row(table, sql, [&](const Stream& row) {
      found.emplace();
      for (std::size_t i = 0; i < row.columns(); ++i) found->append(row.cell(i).value());
      return true;
    });
    return found;
  }

  std::optional<Key> read(const TableRef& table, const model::Chunk& chunk, base::Bytes limit,
                          model::RowBatch& out) override {
    check(table);
    require_key(table);
    const std::uint64_t row_estimate = std::max<std::uint64_t>(table.shape->row_estimate, 1);
    std::uint64_t row_bytes =
        std::max<std::uint64_t>(table.shape->byte_estimate / row_estimate, 64);
    std::uint64_t cap = first_page;
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
      if (documents) append_with_types(connection_, table, untyped, out);
      untyped.clear();
      if (!full && count < page) return std::nullopt;
      after = out.key(out.rows() - 1, table.shape->key);
      if (full) return after;
      row_bytes = std::max<std::uint64_t>((out.bytes() - start) / count, 1);
      cap = largest_page;
    }
  }

  void read_all(const TableRef& table, base::Bytes batch,
                const std::function<void(const model::RowBatch&)>& take) override {
    check(table);
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
    check(table);
    require_key(table);
    model::RowBatch out(table.shape->columns.size());
    each_row_of_keys(table, keys, [&](const auto& row) {
      for (std::size_t i = 0; i < row.columns(); ++i) out.append(row.cell(i));
    });
    return out;
  }

  model::ChunkDigest digest(const TableRef& table, const model::Chunk& chunk,
                            const base::DigestKey& key) override {
    check(table);
    if (chunk.after || chunk.through) require_key(table);
    model::ChunkDigest total;
    base::RowHasher hasher(key);
    each_row_of_chunk(table, chunk, [&](const auto& row) {
      total.sum += digest_row(hasher, *table.shape, row);
      ++total.rows;
    });
    return total;
  }

  std::vector<RowDigest> row_digests(const TableRef& table, const model::Chunk& chunk,
                                     const base::DigestKey& key) override {
    check(table);
    require_key(table);
    std::vector<RowDigest> out;
    base::RowHasher hasher(key);
    each_row_of_chunk(table, chunk, [&](const auto& row) {
      out.push_back({key_of(row, table.shape->key), digest_row(hasher, *table.shape, row)});
    });
    return out;
  }

  std::vector<RowDigest> key_digests(const TableRef& table, const std::vector<Key>& keys,
                                     const base::DigestKey& key) override {
    check(table);
    require_key(table);
    std::vector<RowDigest> out;
    base::RowHasher hasher(key);
    each_row_of_keys(table, keys, [&](const auto& row) {
      out.push_back({key_of(row, table.shape->key), digest_row(hasher, *table.shape, row)});
    });
    return out;
  }

  std::optional<model::TableSchema> definition(const model::CollectionName& name) override {
    return read_table(connection_, name);
  }

 private:
  // `take` says whether it wants the next row.
  template <typename Take>
  void each_row(const TableRef& table, const std::string& sql, Take take) {
    try {
      Stream rows = connection_.stream(sql);
      while (rows.next()) {
        if (!take(std::as_const(rows))) return;
      }
    } catch (const Error& e) {
      if (e.code() == "mysql.no_such_object") throw mismatch(table, e.message());
      throw e.within(table.name.text());
    }
  }

  // The shape knows them as documents only where both sides of a migration are MySQL.
  bool has_documents(const TableRef& table) const {
    return !connection_.server().is_mariadb() && has_json(*table.shape);
  }

  void read_pages(const TableRef& table, model::Chunk chunk, base::Bytes page,
                  const std::function<void(const model::RowBatch&)>& take) {
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
      append_with_types(connection_, table, rows, typed);
      take_each(typed, take);
    }
  }

  static void require_key(const TableRef& table) {
    if (!table.shape->key.empty()) return;
    throw Error(ErrorKind::not_supported, "mysql.no_key",
                "the table has no key that identifies its rows", table.name.text());
  }

  // Once a table and view: a definition changed later than the view makes the server refuse to read
  // (1412).
  void check(const TableRef& table) {
    if (checked_.contains({table.name, table.shape})) return;
    const auto found = read_table(connection_, table.name);
    if (!found) throw mismatch(table, "the table does not exist");
    if (!table.shape->carries_like(*found))
      throw mismatch(table, "columns or key are not as expected");
    checked_.insert({table.name, table.shape});
  }

  Connection& connection_;
  model::Bracket bracket_;
  std::set<std::pair<model::CollectionName, const model::TableSchema*>> checked_;
};

class Reader final : public contract::RowReader {
 public:
  Reader(Endpoint endpoint, ReaderOptions options)
      : endpoint_(std::move(endpoint)), options_(std::move(options)) {}

  std::unique_ptr<contract::RowView> open_view() override {
    return connected([&](Connection& c) { return open_on(c, std::nullopt); });
  }

  std::unique_ptr<contract::RowView> open_view_from(const model::Position& least) override {
    return connected([&](Connection& c) { return open_on(c, least); });
  }

  std::chrono::milliseconds views_are_worth_keeping() const override {
    return uses_barrier() ? options_.barrier->every() : std::chrono::milliseconds(0);
  }

  void wait_for_turn(const model::Position& least) override {
    if (uses_barrier()) options_.barrier->wait_for_turn(least, options_.stop);
  }

  std::unique_ptr<contract::RowView> open_exact_view(
      const std::vector<model::CollectionName>& tables) override {
    return connected([&](Connection& c) -> std::unique_ptr<contract::RowView> {
      // With luck, nothing commits in between; on MariaDB, no XA transaction.
      const bool may_be_lucky =
          c.server().is_mariadb() ? logs_ : has_gtids_ && c.server().number >= 50700;
      for (int attempt = 0; attempt < lucky_tries && may_be_lucky; ++attempt) {
        std::set<XaId> listed;
        auto view = open_on(c, std::nullopt, &listed);
        if (view->bracket().exact() && book().perhaps_about(listed, tables).empty()) return view;
      }
      if (!logs_) refuse(c);
      return open_locked(c, tables);
    });
  }

 private:
  // With a connection that works, if there is one to be had.
  template <typename Open>
  std::unique_ptr<contract::RowView> connected(const Open& open) {
    if (connection_) {
      try {
        return open(*connection_);
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::connection_lost) throw;
      }
    }
    if (options_.stop.stop_requested()) base::throw_cancelled();
    interrupt_.reset();
    connection_.reset();
    connection_ = std::make_unique<Connection>(endpoint_);
    interrupt_.emplace(options_.stop, *connection_);
    check_identity(*connection_, options_.identity);
    connection_->execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ");
    logs_ = connection_->scalar("SELECT @@GLOBAL.log_bin") == "1";
    has_gtids_ = logs_ && !connection_->server().is_mariadb() &&
                 connection_->scalar("SELECT @@GLOBAL.gtid_mode") == "ON";
    return open(*connection_);
  }

  // A read lock is given when every transaction that changed the tables is over: written to the log
  // and visible. While it is held none of theirs can come between the log's end and the snapshot.
  // Others wait behind our request for it, so it is given up soon: Error(transient).
  std::unique_ptr<contract::RowView> open_locked(Connection& c,
                                                 const std::vector<model::CollectionName>& tables) {
    Connection locks(endpoint_);
    const InterruptOnStop interrupt(options_.stop, locks);
    check_identity(locks, options_.identity);
    // Before 5.7 a transaction keeps others from a table only by InnoDB's own lock, which LOCK
    // TABLES asks for without autocommit.
    locks.execute(
        "SET SESSION lock_wait_timeout=1, SESSION innodb_lock_wait_timeout=1, autocommit=0");
    std::string list;
    for (const auto& table : tables) {
      list += (list.empty() ? "" : ",") + qualified(table) + " READ";
    }
    try {
      locks.execute("LOCK TABLES " + list);
    } catch (const Error& e) {
      if (e.code() == "mysql.no_such_object") {
        throw Error(ErrorKind::data_mismatch, "mysql.table_changed", e.message(), e.context());
      }
      // There it is needed beside XA transactions only, and with luck a later try needs it no more.
      if (e.code() != "mysql.privilege" || !c.server().is_mariadb()) throw;
      throw Error(ErrorKind::transient, "mysql.xa_beside",
                  "XA transactions go on all the time, and beside them an exact read needs LOCK "
                  "TABLES, which the account may not do: " +
                      e.message(),
                  e.context());
    }
    // Their prepared transactions hold the lock off; those that commit may not be logged yet.
    if (!c.server().is_mariadb()) wait_for_logged_ends(locks, tables, book());
    const auto end = log_end(locks);
    if (!end) refuse(c);
    begin(c);
    locks.execute("UNLOCK TABLES");
    return std::make_unique<View>(c, model::Bracket{*end, *end});
  }

  static void begin(Connection& c) {
    c.execute("ROLLBACK");
    c.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  }

  // Where the log alone tells no safe position, a place at or after `least` is made, or one that is
  // there is taken. MySQL: `listed` gets what was prepared, or being committed, between the
  // snapshot and high.
  std::unique_ptr<contract::RowView> open_on(Connection& c,
                                             const std::optional<model::Position>& least,
                                             std::set<XaId>* listed = nullptr) {
    model::Bracket bracket;
    if (!options_.position_needed) {
      begin(c);
      return std::make_unique<View>(c, std::move(bracket));
    }
    if (logs_ && c.server().is_mariadb()) {
      bracket =
          options_.xa_book && logs_prepared_xa(c.server()) ? begin_beside_xa(c) : begin_exactly(c);
      return std::make_unique<View>(c, std::move(bracket));
    }
    auto low = has_gtids_ ? visible_log_end(c) : std::nullopt;
    if (!low && options_.barrier) {
      has_gtids_ = false;
      low = least ? options_.barrier->place(c, *least) : options_.barrier->present_place(c);
    }
    if (!low) refuse(c);
    begin(c);
    if (listed != nullptr) *listed = listed_prepared(c);
    const auto high = log_end(c);
    if (!high) refuse(c);
    bracket = {*low, *high};
    return std::make_unique<View>(c, std::move(bracket));
  }

  // Known when a connection was made.
  bool uses_barrier() const {
    return options_.barrier && connection_ && !connection_->server().is_mariadb() && !has_gtids_;
  }

  static model::Bracket begin_exactly(Connection& c) {
    begin(c);
    const auto at = snapshot_position(c);
    return {at, at};
  }

  // An XA COMMIT can be in the log before the snapshot sees it (xa_book.h). It is exact where none
  // has begun since before, and what was listed as prepared before is prepared still.
  model::Bracket begin_beside_xa(Connection& c) const {
    const auto commits = xa_commits_begun(c);
    const auto end = log_end(c);
    if (!end) refuse(c);
    const VisibleEnd low = visible_end(c, *end, book());
    model::Bracket bracket = begin_exactly(c);
    const bool none_began = xa_commits_begun(c) == commits;
    const bool exact =
        none_began && (low.listed.empty() || book().has_prepared(low.listed, bracket.high));
    if (!exact) bracket.low = low.at;
    return bracket;
  }

  // Without one, nothing is known of what is prepared.
  const XaBook& book() const {
    static const XaBook empty;
    return options_.xa_book ? *options_.xa_book : empty;
  }

  static std::uint64_t xa_commits_begun(Connection& c) {
    return c.query("SHOW GLOBAL STATUS LIKE 'Com\\_xa\\_commit'").number(0, std::size_t{1}).value();
  }

  // MariaDB opens the snapshots of its engines and of the log as one.
  static model::Position snapshot_position(Connection& c) {
    const Result r = c.query("SHOW STATUS LIKE 'binlog\\_snapshot\\_%'");
    std::string file;
    std::uint64_t offset = 0;
    for (std::size_t row = 0; row < r.rows(); ++row) {
      const std::string name = r.text(row, std::size_t{0});
      if (name == "Binlog_snapshot_file") file = r.text(row, std::size_t{1});
      if (name == "Binlog_snapshot_position") offset = r.number(row, std::size_t{1}).value_or(0);
    }
    if (file.empty() || offset == 0) {
      throw Error(ErrorKind::rejected, "mysql.no_snapshot_position",
                  "the server does not say where in its log the view stands", c.endpoint().text());
    }
    return model::Position::in_log(file, offset);
  }

  [[noreturn]] static void refuse(const Connection& c) {
    throw Error(ErrorKind::not_supported, "mysql.no_safe_position",
                "the server's log does not tell a safe position for a view; it needs log_bin",
                c.endpoint().text());
  }

  static constexpr int lucky_tries = 5;
  Endpoint endpoint_;
  ReaderOptions options_;
  std::unique_ptr<Connection> connection_;
  std::optional<InterruptOnStop> interrupt_;
  bool logs_ = false;
  bool has_gtids_ = false;
};

}  // namespace

std::unique_ptr<contract::RowReader> open_reader(Endpoint endpoint, ReaderOptions options) {
  return std::make_unique<Reader>(std::move(endpoint), std::move(options));
}

}  // namespace wherry::stores::mysql
