#pragma once
// Rows in bulk. A cell is NULL or the canonical text of its column's type, the same wherever the
// row comes from:
//   integers, year, decimal   decimal digits as the server prints them
//   float, double             a decimal number that reads back to the same double (a float widened
//                             to double); -0 keeps its sign
//   bit, enum, set            the unsigned number (enum: index, set: bit mask)
//   date, time, datetime      as the server prints them, all fractional digits of the column
//   timestamp                 the same, in UTC
//   char, text                the column's own character set's bytes, unconverted
//   json                      typed text in UTF-8 (wire/mysql/json.h)
//   binary                    padded to its length with 0x00
//   varbinary, blob           bytes
//   geometry                  a number of 4 bytes for the reference system, then WKB: what servers
//                             keep
//   uuid, inet4, inet6        their 16, 4, 16 bytes
// A batch owns its bytes in one arena; views into it live until the batch is changed or gone. Not
// thread-safe.

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/key.h"

namespace wherry::model {

using Cell = std::optional<std::string_view>;

class RowBatch {
 public:
  explicit RowBatch(std::size_t columns = 0) : columns_(columns) {}

  // Cells are appended row by row, left to right. Requires: columns() cells a row before the batch
  // is read.
  void append(Cell cell);
  void append_row(const RowBatch& from, std::size_t row);  // Requires: the same number of columns
  void clear();

  std::size_t columns() const { return columns_; }
  std::size_t rows() const { return columns_ == 0 ? 0 : cells_.size() / columns_; }
  bool empty() const { return cells_.empty(); }
  std::size_t bytes() const { return arena_.size() + cells_.size() * sizeof(Span); }

  Cell cell(std::size_t row, std::size_t column) const {
    assert(column < columns_);
    const Span s = cells_[row * columns_ + column];
    if (s.null) return std::nullopt;
    return std::string_view(arena_).substr(s.offset, s.length);
  }
  // Requires: no NULL in these columns.
  Key key(std::size_t row, const std::vector<std::size_t>& key_columns) const;

 private:
  struct Span {
    std::size_t offset;
    std::uint32_t length;
    bool null;
  };
  std::size_t columns_;
  std::string arena_;
  std::vector<Span> cells_;
};

}  // namespace wherry::model
