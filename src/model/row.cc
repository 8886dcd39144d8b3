#include "model/row.h"

namespace wherry::model {

void RowBatch::append(Cell cell) {
  if (cell) {
    cells_.push_back({arena_.size(), static_cast<std::uint32_t>(cell->size()), false});
    arena_ += *cell;
  } else {
    cells_.push_back({0, 0, true});
  }
}

void RowBatch::append_row(const RowBatch& from, std::size_t row) {
  assert(from.columns_ == columns_);
  for (std::size_t c = 0; c < columns_; ++c) append(from.cell(row, c));
}

void RowBatch::clear() {
  arena_.clear();
  cells_.clear();
}

Key RowBatch::key(std::size_t row, const std::vector<std::size_t>& key_columns) const {
  Key key;
  for (const std::size_t c : key_columns) key.append(cell(row, c).value());
  return key;
}

}  // namespace wherry::model
