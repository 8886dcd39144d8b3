#pragma once
// A window: a run of source transactions applied as one target transaction. Only the last state of
// each key is written, so values may be swapped between rows and rows come and go in any order in
// between. Not thread-safe.

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "contract/row_writer.h"
#include "engine/table_book.h"
#include "ledger/ledger.h"
#include "model/change.h"

namespace wherry::engine {

class Window {
 public:
  // Takes over the part's row events. Requires: every event's table is in `book`.
  void add(model::ChangePart part, const TableBook& book);

  // Writes the net effects in an open window of `writer`: per table, removals first, then puts. May
  // be done again after a rollback.
  void write_to(contract::RowWriter& writer) const;
  // Frees the rows written by a part of a large transaction; their keys stay for touched().
  void drop_written();

  ledger::TouchedKeys touched() const;  // of everything since clear()
  bool has_changes() const { return changes_ != 0; }
  std::uint64_t weight() const { return weight_; }  // bytes held
  std::uint64_t changes() const { return changes_; }
  void clear();

 private:
  struct Image {  // where a row's last state is; batch == nullptr means it was removed
    const model::RowBatch* batch = nullptr;
    std::size_t row = 0;
  };
  struct TableNet {
    std::shared_ptr<const contract::TablePair> pair;
    std::unordered_map<model::Key, Image> last;
  };
  std::vector<std::unique_ptr<model::RowEvent>> events_;
  std::map<model::CollectionId, TableNet> tables_;
  std::map<model::CollectionId, std::vector<model::Key>> written_;
  std::uint64_t weight_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace wherry::engine
