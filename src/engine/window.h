#pragma once
// A window: a run of source transactions applied as one target transaction. Of each key only its
// last state is written, so values may be swapped between rows and rows come and go in any order
// in between. A parent's change that foreign keys carry on to other rows ends a step: what came
// before it is written before the cascade, what comes after it later. Changes of tables without a
// key are replayed in their order. Not thread-safe.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "contract/row_writer.h"
#include "engine/cascades.h"
#include "engine/table_book.h"
#include "ledger/ledger.h"
#include "model/change.h"

namespace wherry::engine {

// What a window changes on the target.
struct Touched {
  ledger::TouchedKeys keys;
  std::set<model::CollectionId> tables;  // nothing is known of their keys: all of them
};

class Window {
 public:
  // Takes over the part's row events. Requires: every event's table is in `book`.
  void add(model::ChangePart part, const TableBook& book, const CascadeBook& cascades);

  // Writes the effects in an open window of `writer`. May be done again after a rollback. A cascade
  // of more keys of a table than `most_keys` counts as one of all of it.
  void write_to(contract::RowWriter& writer, std::uint64_t most_keys);
  // Frees the rows written by a part of a large transaction. Their keys stay for touched(), as long
  // as all of them take no more than `most_bytes`; of tables with the most, it is then only known
  // that they were touched.
  void drop_written(std::uint64_t most_bytes);

  // Of everything since clear(). Requires: all of it was written.
  Touched touched() const;
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
  struct Replayed {
    std::shared_ptr<const contract::TablePair> pair;
    const model::RowEvent* event = nullptr;
    contract::Replay way = contract::Replay::exact;
  };
  struct Carried {
    std::shared_ptr<const CascadeGraph> graph;
    contract::ParentChange change;
  };
  struct Step {
    std::map<model::CollectionId, TableNet> tables;
    std::vector<Replayed> replayed;
    std::optional<Carried> cascade;  // after all of these
  };

  Step& open_step();
  void add_net(const model::RowEvent& event, std::shared_ptr<const contract::TablePair> pair,
               const std::shared_ptr<const CascadeGraph>& graph);
  void carry(const std::shared_ptr<const CascadeGraph>& graph, const model::RowEvent& event,
             std::size_t first, std::size_t count);
  static void write(const Step& step, contract::RowWriter& writer);
  static void collect(const Step& step, Touched& out);

  std::vector<std::unique_ptr<model::RowEvent>> events_;
  std::vector<Step> steps_;
  Touched written_;   // by parts of a large transaction
  Touched cascaded_;  // by foreign keys
  std::uint64_t weight_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace wherry::engine
