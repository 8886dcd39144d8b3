#include "stores/mysql/json_types.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "stores/mysql/json_text.h"
#include "stores/mysql/json_values.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using model::Key;

// Documents of one table are mostly alike, so that many rows are asked for the same few values.
// Each row of a statement pays for all of them.
constexpr std::size_t values_a_statement = 100;
constexpr std::size_t values_of_one_row = 1000;
// What is known of a document in between is many times its text.
constexpr std::size_t bytes_at_once = std::size_t{256} << 10U;

// What is asked of the documents in one column of some rows, and what was answered.
class Column {
 public:
  Column(Connection& connection, const contract::TableRef& table, const model::RowBatch& rows,
         std::size_t first, std::size_t last, std::size_t at)
      : connection_(connection),
        table_(table),
        rows_(rows),
        first_(first),
        at_(at),
        documents_(last - first) {
    const std::string name = "`t`." + identifier(table.shape->columns[at].name);
    for (std::size_t row = first; row < last; ++row) {
      const model::Cell cell = rows.cell(row, at);
      if (!cell) continue;
      Document& document = documents_[row - first];
      document.questions = open_types(*cell, name);
      document.types.resize(document.questions.size());
      add(row);
    }
    ask();
  }

  std::string typed(std::size_t row) const {
    const Document& d = documents_[row - first_];
    const std::vector<std::string_view> types(d.types.begin(), d.types.end());
    return typed_json(rows_.cell(row, at_).value(), d.questions, types);
  }

 private:
  struct Document {
    std::vector<JsonQuestion> questions;
    std::vector<std::string> types;
  };
  struct Part {  // of a document's questions
    std::size_t row = 0;
    std::size_t first = 0;
    std::size_t last = 0;
  };

  void add(std::size_t row) {
    const auto& questions = documents_[row - first_].questions;
    const std::size_t fresh = values_.count_new(questions);
    const bool too_many = fresh > 0 && values_.size() + fresh > values_a_statement;
    if (too_many || parts_.size() == keys_a_statement) ask();
    for (std::size_t first = 0; first < questions.size(); first += values_of_one_row) {
      if (first != 0) ask();  // a row does not come twice in a statement
      const std::size_t last = std::min(first + values_of_one_row, questions.size());
      for (std::size_t i = first; i < last; ++i) values_.add(questions[i]);
      parts_.push_back({row, first, last});
    }
  }

  void ask() {
    if (parts_.empty()) return;
    std::unordered_map<Key, const Part*> by_key;
    std::vector<Key> keys;
    for (const Part& part : parts_) {
      keys.push_back(rows_.key(part.row, table_.shape->key));
      by_key.emplace(keys.back(), &part);
    }
    Stream answers =
        connection_.stream("SELECT " + key_select_list(*table_.shape) + "," + values_.expression() +
                           " FROM " + from_table(table_.name, *table_.shape) + " WHERE " +
                           key_in(*table_.shape, keys.data(), keys.size()));
    while (answers.next()) {
      Key key;
      for (std::size_t i = 0; i + 1 < answers.columns(); ++i) key.append(answers.cell(i).value());
      const auto part = by_key.find(key);
      if (part == by_key.end()) throw_unanswered();
      take(*part->second, answers.cell(answers.columns() - 1).value());
      by_key.erase(part);
    }
    if (!by_key.empty()) throw_unanswered();
    parts_.clear();
    values_.clear();
  }

  void take(const Part& part, std::string_view answer) {
    const auto types = values_.types(answer);
    Document& document = documents_[part.row - first_];
    for (std::size_t i = part.first; i < part.last; ++i) {
      document.types[i] = types[values_.number_of(document.questions[i])];
    }
  }

  Connection& connection_;
  const contract::TableRef& table_;
  const model::RowBatch& rows_;
  std::size_t first_;
  std::size_t at_;
  std::vector<Document> documents_;
  std::vector<Part> parts_;  // of the next statement
  AskedValues values_;       // that it asks for
};

void append_slice(Connection& connection, const contract::TableRef& table,
                  const model::RowBatch& rows, std::size_t first, std::size_t last,
                  model::RowBatch& out) {
  std::vector<std::pair<std::size_t, Column>> columns;
  for (std::size_t i = 0; i < table.shape->columns.size(); ++i) {
    if (table.shape->columns[i].type != model::ColumnType::json) continue;
    columns.emplace_back(i, Column(connection, table, rows, first, last, i));
  }
  for (std::size_t row = first; row < last; ++row) {
    auto next = columns.begin();
    for (std::size_t i = 0; i < rows.columns(); ++i) {
      const model::Cell cell = rows.cell(row, i);
      if (next == columns.end() || next->first != i) {
        out.append(cell);
        continue;
      }
      if (cell) {
        out.append(next->second.typed(row));
      } else {
        out.append(std::nullopt);
      }
      ++next;
    }
  }
}

}  // namespace

bool has_json(const model::TableSchema& shape) {
  return std::any_of(shape.columns.begin(), shape.columns.end(),
                     [](const auto& c) { return c.type == model::ColumnType::json; });
}

void append_with_types(Connection& connection, const contract::TableRef& table,
                       const model::RowBatch& rows, model::RowBatch& out) {
  assert(!table.shape->key.empty());
  std::size_t first = 0;
  while (first < rows.rows()) {
    std::size_t bytes = 0;
    std::size_t last = first;
    while (last < rows.rows() && bytes < bytes_at_once) {
      for (std::size_t i = 0; i < rows.columns(); ++i)
        bytes += rows.cell(last, i).value_or("").size();
      ++last;
    }
    append_slice(connection, table, rows, first, last, out);
    first = last;
  }
}

}  // namespace wherry::stores::mysql
