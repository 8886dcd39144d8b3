#pragma once
// What the foreign keys of a migration's tables mean for moving them. A cascade leaves no trace of
// its own in the log, so following makes it again on the target, from the rows that are there. For
// that those rows must be the source's as of the same position:
// - A child of a cascade is copied exactly: its chunk is written while following stands at the very
//   place of the chunk's read, and leaves nothing else in its range.
// - A cascade goes through tables (a deleted order takes its items along). A table in the middle is
//   complete before the first chunk of the tables behind it is read, or rows behind it would be
//   missed. A table that a cascade can pass through more than once (a tree) is copied in one piece.
// - A cascade that changes a child's key moves its rows from range to range, perhaps from one that
//   is not copied yet to one that is: such a child is copied in one piece too.
// A CascadeGraph does not change; CascadeBook is thread-safe.

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "contract/foreign_writes.h"
#include "contract/row_cascade.h"
#include "model/change.h"

namespace wherry::engine {

class CascadeGraph {
 public:
  CascadeGraph() = default;
  explicit CascadeGraph(contract::CascadeRules rules);

  const contract::CascadeRules& rules() const { return rules_; }
  bool has_parent(model::CollectionId table) const { return parents_.contains(table); }
  bool is_child(model::CollectionId table) const { return ancestors_.contains(table); }
  // The table cannot be copied chunk by chunk.
  bool in_one_piece(model::CollectionId table) const { return one_piece_.contains(table); }
  // Tables that must be complete before the table's first chunk is read.
  const std::set<model::CollectionId>& before(model::CollectionId table) const;
  // The table and those whose changes can change it.
  std::set<model::CollectionId> reached_from(model::CollectionId table) const;
  // Tables of which rows may have changed by themselves when this became of others; of those of
  // `anyhow` it is not known what.
  std::set<model::CollectionId> carried_to(
      const std::map<model::CollectionId, contract::CarriedOn>& changed,
      const std::set<model::CollectionId>& anyhow) const;
  // Tables that must be complete before each other: such a graph cannot be copied. Empty if none.
  std::vector<model::CollectionId> circle() const;

  // Does a change of this parent's row go on to others? `after` is null for a removal.
  bool is_followed(model::CollectionId parent, const model::RowBatch& before,
                   const model::RowBatch* after, std::size_t row) const;

 private:
  contract::CascadeRules rules_;
  std::set<model::CollectionId> parents_;
  std::map<model::CollectionId, std::set<model::CollectionId>> ancestors_;  // of each child
  std::map<model::CollectionId, std::set<model::CollectionId>> before_;
  std::set<model::CollectionId> one_piece_;
};

class CascadeBook {
 public:
  void put(CascadeGraph graph);
  std::shared_ptr<const CascadeGraph> get() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const CascadeGraph> graph_ = std::make_shared<const CascadeGraph>();
};

}  // namespace wherry::engine
