#pragma once
// Rows as text that a server reads back to the same values: lines for LOAD DATA, and REPLACE
// statements. Generated columns are left out: the server computes them. Sessions are as row_sink.h
// prepares them. Pure; a RowLines refers to the batch and shape it was made of.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/row.h"
#include "model/schema.h"
#include "stores/mysql/statement.h"

namespace wherry::stores::mysql {

// Columns that are written, as indices of the shape's, in table order.
std::vector<std::size_t> written_columns(const model::TableSchema& shape);

// What a row brings with it besides its values.
struct RowFacts {
  std::size_t bytes = 0;         // of its cells
  std::uint64_t zero_enums = 0;  // enum cells of number 0: a server stores them, and warns of each
  bool typed = false;            // has a document that a line cannot tell: text would lose types
};
// Throws Error(data_mismatch) for NULL in a NOT NULL column: some servers would silently put a
// default.
RowFacts facts_of(const model::TableSchema& shape, const std::vector<std::size_t>& columns,
                  const model::RowBatch& rows, std::size_t row);

// LOAD DATA LOCAL … REPLACE of lines as RowLines makes them.
std::string load_statement(const model::CollectionName& table, const model::TableSchema& shape,
                           const std::vector<std::size_t>& columns);

// The lines of some rows of a batch, a piece at a time.
class RowLines {
 public:
  RowLines(const model::TableSchema& shape, const std::vector<std::size_t>& columns,
           const model::RowBatch& rows, std::size_t first, std::size_t last)
      : shape_(shape), columns_(columns), rows_(rows), row_(first), last_(last) {}

  // The number of bytes put into `into`; 0 at the end. Requires: `into` is not empty.
  std::size_t read(std::span<char> into);

 private:
  void append_line();

  const model::TableSchema& shape_;
  const std::vector<std::size_t>& columns_;
  const model::RowBatch& rows_;
  std::size_t row_;
  std::size_t last_;
  std::string buffer_;
  std::size_t taken_ = 0;
};

// "REPLACE INTO `s`.`t` (`a`,`b`) VALUES "
std::string replace_head(const model::CollectionName& table, const model::TableSchema& shape,
                         const std::vector<std::size_t>& columns);
// "(1,'x')"
void append_values(Statement& out, const model::TableSchema& shape,
                   const std::vector<std::size_t>& columns, const model::RowBatch& rows,
                   std::size_t row);

// Of a cell of a YEAR: '0' as text means the year 2000, '0000' the year 0; of YEAR(2) two digits
// are all there is.
std::string year_digits(const model::Column& column, std::string_view digits);

// A string literal of any bytes, for a session with NAMES binary and backslash escapes.
void append_quoted(std::string& out, std::string_view bytes);

}  // namespace wherry::stores::mysql
