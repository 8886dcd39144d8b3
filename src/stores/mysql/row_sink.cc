#include "stores/mysql/row_sink.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/row_arrays.h"
#include "stores/mysql/row_text.h"
#include "stores/mysql/server_support.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t preferred_statement = std::size_t{1} << 20U;
constexpr std::size_t preferred_arrays = std::size_t{4} << 20U;
constexpr std::size_t most_prepared = 16;
constexpr std::size_t room_beside_statement = 4096;  // in a packet
constexpr std::size_t mebibyte = std::size_t{1} << 20U;
constexpr std::size_t greatest_packet = std::size_t{1} << 30U;
// Below this a statement is as fast as arrays and lines, with one round trip less.
constexpr std::size_t worth_loading = std::size_t{32} << 10U;
// A value of 64 MiB was not loaded by LOAD DATA within 90 seconds on MySQL 5.7, so greater rows go
// as statements where they fit into one.
constexpr std::size_t great_row = std::size_t{1} << 20U;
// A server counts and keeps at most 65535 warnings; each enum of number 0 makes one.
constexpr std::uint64_t zero_enums_a_statement = 50'000;
// Of one statement, as the protocol counts them.
constexpr std::size_t most_parameters = 65'535;
constexpr std::string_view data_truncated = "1265";

constexpr std::string_view session_settings =
    "SET SESSION sql_mode='NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks=0, "
    "unique_checks=1, sql_notes=1, sql_warnings=0, max_error_count=65535, sql_safe_updates=0";
// A source may hold rows from before a constraint was added.
constexpr std::string_view mariadb_settings =
    "SET SESSION check_constraint_checks=0, max_statement_time=0";
constexpr std::string_view isolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

std::optional<std::uint64_t> number_after(std::string_view text, std::string_view label) {
  const auto at = text.find(label);
  if (at == std::string_view::npos) return std::nullopt;
  const char* first = text.data() + at + label.size();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(first, text.data() + text.size(), value);
  if (error != std::errc{} || end == first) return std::nullopt;
  return value;
}

// LOAD DATA LOCAL is not allowed: by MySQL 5.x and MariaDB, MySQL 8, the client library.
bool refuses_local(unsigned error_number) {
  return error_number == 1148 || error_number == 3948 || error_number == 4166;
}

// The client library's callbacks: it asks them for the "file", whatever name the server sends.
int lines_open(void** handle, const char* /*name*/, void* lines) {
  *handle = lines;
  return 0;
}
int lines_read(void* handle, char* into, unsigned size) {
  try {
    return static_cast<int>(static_cast<RowLines*>(handle)->read({into, size}));
  } catch (...) {
    return -1;  // out of memory; an exception must not pass through the library
  }
}
void lines_close(void* /*handle*/) {}
int lines_error(void* /*handle*/, char* message, unsigned size) {
  if (size > 0) *fmt::format_to_n(message, size - 1, "out of memory").out = '\0';
  return 2000;
}

}  // namespace

struct RowSink::Batch {
  const contract::TablePair& table;
  const model::RowBatch& rows;
  std::vector<std::size_t> columns;
};

RowSink::RowSink(Connection& connection) : connection_(connection) {
  std::vector<std::string> questions{std::string(session_settings), std::string(isolation)};
  if (connection_.server().is_mariadb()) questions.emplace_back(mariadb_settings);
  questions.emplace_back("SELECT @@max_allowed_packet AS p, @@local_infile AS l");
  const Result r = connection_.query_all(questions).back();
  packet_limit_ = r.number(0, "p").value_or(1U << 20U);
  packet_limit_ -= std::min(packet_limit_ / 4, room_beside_statement);
  statement_limit_ = std::min(packet_limit_, preferred_statement);
  server_takes_arrays_ = connection_.takes_arrays();
  server_allows_lines_ = r.number(0, "l") == 1;
  use(Way::arrays);
}

// Rows that are sent together.
struct RowSink::Run {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t bytes = 0;
  std::uint64_t zero_enums = 0;
  Way way = Way::statements;
};

void RowSink::put(const contract::TablePair& table, const model::RowBatch& rows) {
  assert(rows.empty() || rows.columns() == table.source.columns.size());
  const Batch batch{table, rows, written_columns(table.source)};
  for (std::size_t first = 0; first < rows.rows();) {
    const Run run = next_run(batch, first);
    switch (run.way) {
      case Way::arrays:
        put_arrays(batch, run);
        break;
      case Way::lines:
        load(batch, run.first, run.last, run.zero_enums);
        break;
      case Way::statements:
        replace(batch, run.first, run.last);
        break;
    }
    first = run.last;
  }
}

RowSink::Run RowSink::next_run(const Batch& batch, std::size_t first) const {
  const std::size_t framing = most_framing(batch.columns);
  const std::size_t most_of_arrays = std::min(packet_limit_, preferred_arrays);
  Run run{.first = first, .last = first};
  bool typed = false;
  bool great = false;
  while (run.last < batch.rows.rows() && run.zero_enums < zero_enums_a_statement && !great) {
    const RowFacts facts = facts_of(batch.table.source, batch.columns, batch.rows, run.last);
    const std::size_t bytes = facts.bytes + framing;
    great = bytes > (arrays_allowed_ ? most_of_arrays : great_row);
    const bool full = arrays_allowed_ && run.bytes + bytes > most_of_arrays;
    if (run.last > run.first && (great || full)) {
      great = false;  // it stands alone, next
      break;
    }
    run.bytes += bytes;
    run.zero_enums += facts.zero_enums;
    typed |= facts.typed;
    ++run.last;
  }
  if (typed || run.bytes < worth_loading) return run;
  if (arrays_allowed_ && run.bytes <= packet_limit_) {
    run.way = Way::arrays;
  } else if (lines_allowed_ && !great) {
    run.way = Way::lines;
  }
  return run;
}

void RowSink::put_arrays(const Batch& batch, const Run& run) {
  const auto& [table, rows, columns] = batch;
  Executed done;
  try {
    const Prepared& statement = prepared(replace_arrays(table.target, table.source, columns));
    done =
        connection_.execute_arrays(arrays_packet(static_cast<std::uint32_t>(statement->stmt_id),
                                                 table.source, columns, rows, run.first, run.last));
  } catch (const Error& e) {
    throw e.within(table.target.text());
  }
  expect_replaced(batch, run.last - run.first, done, run.zero_enums);
}

const Prepared& RowSink::prepared(std::string sql) {
  const auto known = prepared_.find(sql);
  if (known != prepared_.end()) return known->second;
  if (prepared_.size() == most_prepared) prepared_.clear();
  Prepared statement = connection_.prepare(sql);
  return prepared_.emplace(std::move(sql), std::move(statement)).first->second;
}

void RowSink::load(const Batch& batch, std::size_t first, std::size_t last,
                   std::uint64_t zero_enums) {
  RowLines lines(batch.table.source, batch.columns, batch.rows, first, last);
  mysql_set_local_infile_handler(connection_.native(), lines_open, lines_read, lines_close,
                                 lines_error, &lines);
  try {
    connection_.execute(load_statement(batch.table.target, batch.table.source, batch.columns));
  } catch (const Error& e) {
    if (!refuses_local(mysql_errno(connection_.native())))
      throw e.within(batch.table.target.text());
    server_allows_lines_ = lines_allowed_ = false;
    replace(batch, first, last);
    return;
  }
  const char* info = mysql_info(connection_.native());
  const std::string_view told = info == nullptr ? "" : info;
  const auto records = number_after(told, "Records: ");
  const auto skipped = number_after(told, "Skipped: ");
  const auto warnings = number_after(told, "Warnings: ");
  if (!records || !skipped || !warnings) {
    mismatch(batch.table.target.text(),
             fmt::format("the server did not say what it loaded: '{}'", base::printable(told)));
  }
  expect(batch, last - first, *records - std::min(*records, *skipped), *warnings, zero_enums);
}

void RowSink::replace(const Batch& batch, std::size_t first, std::size_t last) {
  const std::string head = replace_head(batch.table.target, batch.table.source, batch.columns);
  Statement statement{head, {}};
  Statement values;
  std::size_t bytes = head.size();
  std::size_t rows = 0;
  std::uint64_t zero_enums = 0;
  for (std::size_t row = first; row < last; ++row) {
    values.sql.clear();
    values.parameters.clear();
    const RowFacts facts = facts_of(batch.table.source, batch.columns, batch.rows, row);
    append_values(values, batch.table.source, batch.columns, batch.rows, row);
    const bool full = bytes + values.size() + 1 > statement_limit_ ||
                      statement.parameters.size() + values.parameters.size() > most_parameters;
    if (rows > 0 && full) {
      replace_bounded(batch, statement, rows, zero_enums);
      statement = {head, {}};
      bytes = head.size();
      rows = 0;
      zero_enums = 0;
    }
    if (head.size() + values.size() > packet_limit_) {
      if (!lines_allowed_ || facts.typed) {
        refuse(head.size() + values.size(), !facts.typed, batch.table);
      }
      load(batch, row, row + 1, facts.zero_enums);
      continue;
    }
    if (rows > 0) statement.sql += ',';
    bytes += values.size() + 1;
    statement.sql += values.sql;
    std::move(values.parameters.begin(), values.parameters.end(),
              std::back_inserter(statement.parameters));
    zero_enums += facts.zero_enums;
    ++rows;
  }
  if (rows > 0) replace_bounded(batch, statement, rows, zero_enums);
}

void RowSink::replace_bounded(const Batch& batch, const Statement& statement, std::size_t rows,
                              std::uint64_t zero_enums) {
  Executed done;
  try {
    done = connection_.execute(statement);
  } catch (const Error& e) {
    throw e.within(batch.table.target.text());
  }
  expect_replaced(batch, rows, done, zero_enums);
}

void RowSink::expect_replaced(const Batch& batch, std::uint64_t sent, const Executed& done,
                              std::uint64_t zero_enums) {
  // Rows that were replaced count twice or more.
  expect(batch, sent, std::min<std::uint64_t>(done.affected, sent), done.warnings, zero_enums);
}

void RowSink::expect(const Batch& batch, std::uint64_t sent, std::uint64_t stored,
                     std::uint64_t warnings, std::uint64_t zero_enums) {
  const std::string table = batch.table.target.text();
  if (stored != sent) {
    mismatch(table, fmt::format("{} rows were sent and {} stored", sent, stored));
  }
  require_only_zero_enums(batch.table, warnings, zero_enums);
}

void RowSink::require_only_zero_enums(const contract::TablePair& table, std::uint64_t warnings,
                                      std::uint64_t zero_enums) {
  if (warnings == 0 && zero_enums == 0) return;
  const Result r = connection_.query("SHOW WARNINGS");
  std::uint64_t truncated = 0;
  bool all_expected = r.rows() == warnings;
  for (std::size_t i = 0; i < r.rows(); ++i) {
    const std::string code = r.text(i, "Code");
    if (code == data_truncated) {
      ++truncated;
    } else if (!is_deprecation(code)) {
      all_expected = false;
    }
  }
  if (!all_expected || truncated != zero_enums) {
    mismatch(table.target.text(), "the server changed a value: " + connection_.warnings_text());
  }
}

void RowSink::mismatch(const std::string& table, const std::string& what) {
  throw Error(ErrorKind::data_mismatch, "target.value_changed", what,
              connection_.endpoint().text() + " " + table);
}

void RowSink::remove_range(const contract::TablePair& table, const model::Chunk& range) {
  const std::string where = table.source.key.empty()
                                ? "TRUE"
                                : key_range(table.source, range.after, range.through, false);
  try {
    connection_.execute("DELETE FROM " + qualified(table.target) + " WHERE " + where);
  } catch (const Error& e) {
    throw e.within(table.target.text());
  }
}

void RowSink::require_fit(const Statement& statement, const contract::TablePair& table) const {
  if (statement.size() > packet_limit_) refuse(statement.size(), false, table);
}

void RowSink::refuse(std::size_t statement, bool fits_as_lines, const contract::TablePair& table) {
  const std::string what = fmt::format(
      "a row that takes {} in a statement does not fit into the target's "
      "max_allowed_packet",
      base::human_bytes(statement));
  const std::size_t needed = (statement + room_beside_statement) / mebibyte * mebibyte + mebibyte;
  std::string remedy;
  if (needed <= greatest_packet) {
    remedy = fmt::format("SET GLOBAL max_allowed_packet={}", needed);
  }
  if (fits_as_lines) remedy += (remedy.empty() ? "" : ", or ") + std::string("allow local_infile");
  if (remedy.empty()) {
    throw Error(ErrorKind::rejected, "target.max_allowed_packet",
                what + ", nor into the greatest that there is: leave its table out",
                table.target.text());
  }
  throw Error(ErrorKind::rejected, "target.max_allowed_packet",
              what + "; there: " + remedy + ", then start again", table.target.text());
}

void RowSink::remove(const contract::TablePair& table, const std::vector<model::Key>& keys) {
  const std::string head = "DELETE FROM " + qualified(table.target) + " WHERE ";
  std::size_t first = 0;
  while (first < keys.size()) {
    std::size_t count = std::min(keys.size() - first, keys_a_statement);
    std::string sql = head + key_in(table.source, &keys[first], count, false);
    while (sql.size() > packet_limit_ && count > 1) {
      count = (count + 1) / 2;
      sql = head + key_in(table.source, &keys[first], count, false);
    }
    Executed done;
    try {
      done = connection_.execute(sql);
    } catch (const Error& e) {
      throw e.within(table.target.text());
    }
    // A key that the server could not compare exactly may not have been found.
    require_only_zero_enums(table, done.warnings, 0);
    first += count;
  }
}

}  // namespace wherry::stores::mysql
