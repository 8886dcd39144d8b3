#pragma once
// Foreign keys that change rows of a child table when a row of its parent changes (ON DELETE or ON
// UPDATE CASCADE, SET NULL). Such changes are in no log, so they are made on the target from the
// parent's change. Values.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "model/chunk.h"
#include "model/key.h"
#include "model/row.h"
#include "model/schema.h"

namespace wherry::contract {

// A table on its way: rows are shaped by the source's definition and land in the target's table.
struct TablePair {
  model::CollectionId id = 0;
  model::TableSchema source;
  model::CollectionName target;
};

enum class CascadeAction { none, cascade, set_null };

struct CascadeRule {
  model::CollectionId parent = 0;
  model::CollectionId child = 0;
  std::vector<std::size_t> parent_columns;  // of the parent's shape
  std::vector<std::size_t> child_columns;   // of the child's, one for each of the parent's
  CascadeAction on_delete = CascadeAction::none;
  CascadeAction on_update = CascadeAction::none;
};

// The rules among a migration's tables as of one position, and the tables they are about.
struct CascadeRules {
  std::vector<CascadeRule> rules;
  std::map<model::CollectionId, std::shared_ptr<const TablePair>> tables;
};

// Rows of one parent table: removed, or one row updated.
struct ParentChange {
  model::CollectionId parent = 0;
  const model::RowBatch* before = nullptr;
  const model::RowBatch* after = nullptr;  // null = the rows were removed
  std::size_t first = 0;                   // rows of both batches
  std::size_t count = 1;                   // 1 for an update
};

// What a cascade touched on the target.
struct Cascaded {
  std::map<model::CollectionId, std::vector<model::Key>> keys;
  std::set<model::CollectionId> beyond;  // too many keys, or no key: all of the table
};

}  // namespace wherry::contract
