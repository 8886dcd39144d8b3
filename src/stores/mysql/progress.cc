#include "stores/mysql/progress.h"

#include <cassert>

#include <fmt/format.h>

#include "stores/mysql/late_indexes.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/row_text.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;

const std::string insert_into_chunk = "INSERT INTO `_wherry`.`chunk` VALUES ";

[[noreturn]] void throw_damaged(std::string_view what) {
  throw Error(ErrorKind::internal, "target.progress_damaged",
              fmt::format("`_wherry` on the target holds a malformed {}", what));
}

[[noreturn]] void throw_not_started(const Connection& connection) {
  throw Error(ErrorKind::internal, "target.no_stream",
              "a stream was to be moved on that was not started", connection.endpoint().text());
}

model::Position position_in(const Result& r, std::size_t row, std::string_view column) {
  const auto position = model::Position::parse(r.text(row, column));
  if (!position) throw_damaged(column);
  return *position;
}

std::optional<model::Key> key_in_cell(const Result& r, std::size_t row, std::string_view column) {
  const model::Cell cell = r.cell(row, column);
  if (!cell) return std::nullopt;
  auto key = model::Key::from_bytes(*cell);
  if (!key) throw_damaged(column);
  return key;
}

std::uint64_t number_in(const Result& r, std::size_t row, std::string_view column) {
  const auto n = r.number(row, column);
  if (!n) throw_damaged(column);
  return *n;
}

contract::ChunkMark chunk_in(const Result& r, std::size_t row) {
  contract::ChunkMark mark;
  mark.chunk.collection = static_cast<model::CollectionId>(number_in(r, row, "collection"));
  mark.chunk.number = static_cast<std::uint32_t>(number_in(r, row, "number"));
  mark.chunk.after = key_in_cell(r, row, "after_key");
  mark.chunk.through = key_in_cell(r, row, "through_key");
  mark.bracket = {position_in(r, row, "low"), position_in(r, row, "high")};
  mark.rows = number_in(r, row, "row_count");
  mark.bytes = number_in(r, row, "byte_count");
  return mark;
}

// Parts come in order; a window whose first part is missing is damage.
std::vector<contract::WindowMark> windows_in(const Result& parts) {
  std::vector<contract::WindowMark> windows;
  std::uint64_t expected_part = 0;
  for (std::size_t i = 0; i < parts.rows(); ++i) {
    const std::uint64_t number = number_in(parts, i, "number");
    if (windows.empty() || windows.back().number != number) {
      windows.push_back({number, position_in(parts, i, "end_position"), {}});
      expected_part = 0;
    }
    if (number_in(parts, i, "part") != expected_part++) throw_damaged("window");
    windows.back().dirty_keys += parts.text(i, "dirty");
  }
  return windows;
}

std::string key_literal(const std::optional<model::Key>& key) {
  return key ? bytes_literal(key->bytes()) : "NULL";
}

std::string row_of(const std::string& migration, const contract::ChunkMark& mark) {
  return fmt::format("({},{},{},{},{},{},{},{},{})", bytes_literal(migration),
                     mark.chunk.collection, mark.chunk.number, key_literal(mark.chunk.after),
                     key_literal(mark.chunk.through), bytes_literal(mark.bracket.low.text()),
                     bytes_literal(mark.bracket.high.text()), mark.rows, mark.bytes);
}

// So many in a statement that a server far away is not asked for each of them.
void insert_chunks(Connection& connection, const std::string& migration,
                   const std::vector<contract::ChunkMark>& marks) {
  constexpr std::size_t most_bytes = 64U << 10U;
  std::string rows;
  for (const auto& mark : marks) {
    rows += (rows.empty() ? "" : ",") + row_of(migration, mark);
    if (rows.size() < most_bytes && &mark != &marks.back()) continue;
    connection.execute(insert_into_chunk + rows);
    rows.clear();
  }
}

// A server may keep commits to itself for a while (innodb_flush_log_at_trx_commit); with a new
// table InnoDB writes out its log, and so all that was committed before.
void make_durable(Connection& connection) {
  connection.execute("DROP TABLE IF EXISTS `_wherry`.`durable`");
  connection.execute("CREATE TABLE `_wherry`.`durable` (`one` INT) ENGINE=InnoDB");
  connection.execute("DROP TABLE `_wherry`.`durable`");
}

}  // namespace

contract::TargetProgress load_progress(Connection& connection, const std::string& migration) {
  const std::string where = where_migration(migration);
  contract::TargetProgress progress;
  connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  const Result stream = connection.query("SELECT * FROM `_wherry`.`stream`" + where);
  if (!stream.empty()) {
    progress.position = position_in(stream, 0, "position");
    progress.source = stream.text(0, "source");
    progress.last_window = number_in(stream, 0, "last_window");
  }
  const Result chunks = connection.query("SELECT * FROM `_wherry`.`chunk`" + where +
                                         " ORDER BY `collection`,`number`");
  for (std::size_t i = 0; i < chunks.rows(); ++i) progress.chunks.push_back(chunk_in(chunks, i));
  progress.windows = windows_in(connection.query("SELECT * FROM `_wherry`.`window_part`" + where +
                                                 " ORDER BY `number`,`part`"));
  progress.being_filled = tables_that_lack_indexes(connection, migration);
  connection.execute("COMMIT");
  return progress;
}

void start_stream(Connection& connection, const contract::Fence& fence,
                  const model::Position& from) {
  connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
  connection.execute("START TRANSACTION");
  const Result old = connection.query("SELECT * FROM `_wherry`.`stream`" +
                                      where_migration(fence.migration) + " FOR UPDATE");
  if (old.empty()) {
    connection.execute(fmt::format("INSERT INTO `_wherry`.`stream` VALUES ({},{},0,'')",
                                   bytes_literal(fence.migration), bytes_literal(from.text())));
  } else if (position_in(old, 0, "position") == from) {
    // As it is.
  } else if (number_in(old, 0, "last_window") == 0 &&
             connection
                 .query("SELECT 1 FROM `_wherry`.`chunk`" + where_migration(fence.migration) +
                        " LIMIT 1")
                 .empty()) {
    connection.execute(fmt::format("UPDATE `_wherry`.`stream` SET `position`={}{}",
                                   bytes_literal(from.text()), where_migration(fence.migration)));
  } else {
    throw Error(ErrorKind::internal, "target.stream_started",
                "the stream was started before, at " + old.text(0, "position"),
                connection.endpoint().text());
  }
  check_fence(connection, fence);
  connection.execute("COMMIT");
  make_durable(connection);
}

void rebase_stream(Connection& connection, const contract::Fence& fence,
                   const contract::StreamRebase& to) {
  const std::string where = where_migration(fence.migration);
  const std::string at = bytes_literal(to.at.text());
  connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
  connection.execute("START TRANSACTION");
  for (const auto& [table, chunk] : to.not_done) {
    connection.execute(
        fmt::format("DELETE FROM `_wherry`.`chunk`{} AND `collection`={} AND `number`={}", where,
                    table, chunk));
  }
  connection.execute(
      fmt::format("UPDATE `_wherry`.`chunk` SET `low`={0}, `high`={0}{1}", at, where));
  connection.execute("DELETE FROM `_wherry`.`window_part`" + where);
  connection.execute("UPDATE `_wherry`.`ddl` SET `end_position`=''" + where + " AND `done`=0");
  const Executed moved =
      connection.execute(fmt::format("UPDATE `_wherry`.`stream` SET `position`={}, `source`={}{}",
                                     at, bytes_literal(to.source), where));
  if (moved.affected != 1) throw_not_started(connection);
  check_fence(connection, fence);
  connection.execute("COMMIT");
}

void adopt(Connection& connection, const contract::Fence& fence,
           const contract::Adoption& adoption) {
  const std::string where = where_migration(fence.migration);
  connection.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
  connection.execute("START TRANSACTION");
  for (const char* table : {"chunk", "window_part", "ddl"}) {
    connection.execute(fmt::format("DELETE FROM `_wherry`.`{}`{}", table, where));
  }
  insert_chunks(connection, fence.migration, adoption.chunks);
  // Numbers of windows only grow.
  connection.execute(
      fmt::format("INSERT INTO `_wherry`.`stream` VALUES ({0},{1},0,{2}) "
                  "ON DUPLICATE KEY UPDATE `position`={1}, `source`={2}",
                  bytes_literal(fence.migration), bytes_literal(adoption.at.text()),
                  bytes_literal(adoption.source)));
  check_fence(connection, fence);
  connection.execute("COMMIT");
  make_durable(connection);
}

// Not by REPLACE: of a row that is there already as it is, the log would say nothing, and the chunk
// would look like somebody else's write (foreign_transactions.h).
std::vector<std::string> put_chunk(const std::string& migration, const contract::ChunkMark& mark) {
  return {fmt::format("DELETE FROM `_wherry`.`chunk`{} AND `collection`={} AND `number`={}",
                      where_migration(migration), mark.chunk.collection, mark.chunk.number),
          insert_into_chunk + row_of(migration, mark)};
}

void move_stream(Connection& connection, const std::string& migration,
                 const contract::WindowMark& mark, std::size_t statement_limit) {
  assert(statement_limit >= 65536);
  const std::string id = bytes_literal(migration);
  const std::string end = bytes_literal(mark.end.text());
  // Escaped, a byte takes up to two.
  const std::size_t piece = (statement_limit - 16384) / 2;
  std::size_t part = 0;
  for (std::size_t at = 0; at < mark.dirty_keys.size(); at += piece, ++part) {
    std::string sql = fmt::format("REPLACE INTO `_wherry`.`window_part` VALUES ({},{},{},{},", id,
                                  mark.number, part, end);
    append_quoted(sql, std::string_view(mark.dirty_keys).substr(at, piece));
    connection.execute(sql += ')');
  }
  const Executed moved = connection.execute(
      fmt::format("UPDATE `_wherry`.`stream` SET `position`={}, `last_window`={}{}", end,
                  mark.number, where_migration(migration)));
  if (moved.affected != 1) throw_not_started(connection);
}

}  // namespace wherry::stores::mysql
