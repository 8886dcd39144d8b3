#pragma once
// The tables of a migration as of the applied position. A definition never changes in place: DDL
// puts a new one in. Thread-safe.

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "contract/change_log.h"
#include "contract/row_writer.h"

namespace wherry::engine {

class TableBook {
 public:
  void put(contract::TablePair pair);
  void remove(model::CollectionId id);

  std::shared_ptr<const contract::TablePair> get(
      model::CollectionId id) const;  // Requires: it is there
  std::shared_ptr<const contract::TablePair> find(model::CollectionId id) const;  // or null
  std::shared_ptr<const contract::TablePair> find_source(const model::CollectionName& name) const;
  std::vector<std::shared_ptr<const contract::TablePair>> all() const;
  contract::TrackedTables tracked() const;
  std::uint64_t version() const;  // another one whenever all() may be other
  // A table without a key: from this position on its changes concern rows that are on the target.
  // Nothing = it is not copied.
  void set_copied_from(model::CollectionId id, const std::optional<model::Position>& low);
  bool is_copied_at(model::CollectionId id, const model::Position& begin) const;

  void use_id(model::CollectionId id);  // it is a dropped table's: no other gets it
  model::CollectionId next_id() const;

 private:
  mutable std::mutex mutex_;
  std::map<model::CollectionId, std::shared_ptr<const contract::TablePair>> tables_;
  std::map<model::CollectionId, model::Position> copied_from_;
  model::CollectionId next_id_ = 1;
  std::uint64_t version_ = 0;
};

}  // namespace wherry::engine
