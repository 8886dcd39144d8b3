#include "stores/mysql/json_scan.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "stores/mysql/json_text.h"
#include "stores/mysql/json_values.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using model::RowBatch;

constexpr std::uint64_t fewest_rows = 16;
// Of SQL that asks for values, some 60 each. Each row of a statement pays for all of them. Those of
// the row that has the most come on top, or such rows and others would push each other out.
constexpr std::size_t bytes_a_statement = std::size_t{64} << 10U;
// A document that holds a vector has some thousand values. A row with more than that is asked for
// by itself, as often as it takes.
constexpr std::size_t bytes_of_one_row = std::size_t{512} << 10U;

// A row as the server prints it, and what that leaves open.
struct OpenRow {
  struct Document {
    std::size_t column = 0;
    std::vector<JsonQuestion> questions;
  };
  RowBatch cells;
  std::vector<Document> documents;

  std::vector<const JsonQuestion*> questions() const {
    std::vector<const JsonQuestion*> out;
    for (const auto& d : documents)
      for (const auto& q : d.questions) out.push_back(&q);
    return out;
  }
  bool is_answered_by(const AskedValues& asked) const {
    return std::all_of(documents.begin(), documents.end(),
                       [&](const auto& d) { return asked.count_new(d.questions) == 0; });
  }
};

class Scan {
 public:
  Scan(Connection& connection, const contract::TableRef& table, base::Bytes batch,
       const std::function<void(const RowBatch&)>& take)
      : connection_(connection),
        table_(table),
        batch_(batch),
        take_(take),
        last_(table.shape->columns.size()),
        out_(table.shape->columns.size()) {}

  void run() {
    while (read_on()) {
    }
    if (!out_.empty()) take_(out_);
  }

 private:
  // False when the table has no more rows.
  bool read_on() {
    const std::uint64_t limit = rows_a_statement_;
    std::uint64_t count = 0;
    std::optional<OpenRow> unknown;  // the first row with values that were not asked for
    std::uint64_t learnt = 0;        // rows from there on whose values are asked for from now on
    bool room = true;                // for those of more rows
    {
      Stream rows = start(asked_, limit);
      pass_last(rows);
      for (; rows.next(); ++count) {
        if (!room) continue;
        OpenRow row = read(rows);
        if (!unknown && row.is_answered_by(asked_)) {
          const auto types = types_of(row, asked_, rows);
          give(std::move(row), types);
          continue;
        }
        room = learn(row, !unknown);
        if (room) ++learnt;
        if (!unknown) unknown = std::move(row);
      }
    }
    if (unknown && learnt == 0) give_asked_in_parts(std::move(*unknown));
    // The next one gives what this one has learnt, and learns as much.
    rows_a_statement_ = room ? limit * 2 : std::max(learnt * 2, fewest_rows);
    return unknown || count == limit;
  }

  // The rows behind those that were given, with what `asked` asks for. The last one that was given
  // comes once more before them, which pass_last() takes.
  Stream start(const AskedValues& asked, std::uint64_t rows) {
    const std::uint64_t again = given_ == 0 ? 0 : 1;
    // Not by an index, whatever it holds: their orders differ.
    return connection_.stream(fmt::format(
        "SELECT {},{} FROM {} `t` USE INDEX () LIMIT {} OFFSET {}", select_list(*table_.shape),
        asked.expression(), qualified(table_.name), rows + again, given_ - again));
  }

  void pass_last(Stream& rows) const {
    if (given_ == 0) return;
    if (!rows.next() || !is_same(rows, last_)) throw_unanswered();
  }

  static bool is_same(const Stream& row, const RowBatch& cells) {
    for (std::size_t i = 0; i < cells.columns(); ++i)
      if (row.cell(i) != cells.cell(0, i)) return false;
    return true;
  }

  OpenRow read(const Stream& row) const {
    const auto& columns = table_.shape->columns;
    OpenRow out{RowBatch(columns.size()), {}};
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const model::Cell cell = row.cell(i);
      out.cells.append(cell);
      if (!cell || columns[i].type != model::ColumnType::json) continue;
      out.documents.push_back({i, open_types(*cell, "`t`." + identifier(columns[i].name))});
    }
    return out;
  }

  // Asks for the row's values as well, from the next statement on; false if they are too many. The
  // first row's push others out.
  bool learn(const OpenRow& row, bool first) {
    AskedValues own;
    for (const auto* question : row.questions()) own.add(*question);
    if (own.bytes() > bytes_of_one_row) return false;
    most_ = std::max(most_, own.bytes());
    if (asked_.bytes() + own.bytes() > bytes_a_statement + most_) {
      if (!first) return false;
      asked_.clear();
    }
    for (const auto* question : row.questions()) asked_.add(*question);
    return true;
  }

  std::vector<std::string_view> types_of(const OpenRow& row, const AskedValues& asked,
                                         const Stream& answer) const {
    const auto types = asked.types(answer.cell(row.cells.columns()).value());
    std::vector<std::string_view> out;
    for (const auto* question : row.questions()) out.push_back(types[asked.number_of(*question)]);
    return out;
  }

  void give_asked_in_parts(OpenRow row) {
    const auto questions = row.questions();
    std::vector<std::string> types;
    while (types.size() < questions.size()) {
      const std::size_t first = types.size();
      std::size_t last = first;
      AskedValues part;
      while (last < questions.size() && part.bytes() < bytes_a_statement) {
        part.add(*questions[last++]);
      }
      Stream rows = start(part, 1);
      pass_last(rows);
      if (!rows.next() || !is_same(rows, row.cells)) throw_unanswered();
      const auto answers = part.types(rows.cell(row.cells.columns()).value());
      for (std::size_t i = first; i < last; ++i)
        types.emplace_back(answers[part.number_of(*questions[i])]);
    }
    give(std::move(row), {types.begin(), types.end()});
  }

  // `types` are of all its questions, one after the other.
  void give(OpenRow row, const std::vector<std::string_view>& types) {
    auto type = types.begin();
    auto document = row.documents.begin();
    for (std::size_t i = 0; i < row.cells.columns(); ++i) {
      const model::Cell cell = row.cells.cell(0, i);
      if (document == row.documents.end() || document->column != i) {
        out_.append(cell);
        continue;
      }
      const auto end = type + static_cast<std::ptrdiff_t>(document->questions.size());
      out_.append(typed_json(cell.value(), document->questions, {type, end}));
      type = end;
      ++document;
    }
    ++given_;
    last_ = std::move(row.cells);
    if (out_.bytes() < batch_.count) return;
    take_(out_);
    out_.clear();
  }

  Connection& connection_;
  const contract::TableRef& table_;
  base::Bytes batch_;
  const std::function<void(const RowBatch&)>& take_;
  AskedValues asked_;
  std::size_t most_ = 0;  // bytes that ask for a row
  std::uint64_t rows_a_statement_ = fewest_rows;
  std::uint64_t given_ = 0;
  RowBatch last_;  // of the rows that were given, as the server prints it
  RowBatch out_;
};

}  // namespace

void scan_with_types(Connection& connection, const contract::TableRef& table, base::Bytes batch,
                     const std::function<void(const RowBatch&)>& take) {
  Scan(connection, table, batch, take).run();
}

}  // namespace wherry::stores::mysql
