#pragma once
// Where a source table goes: renames of schemas (`shop` → `shop2`) and of tables (`shop.orders` →
// `shop.orders_v2`). The table's own route wins over its schema's; routes are not applied one after
// the other. Thread-safety: immutable after the last add().

#include <map>
#include <string>
#include <vector>

#include "model/schema.h"

namespace wherry::config {

struct RouteCollision {
  model::CollectionName target;
  std::vector<model::CollectionName> sources;  // two or more
};

class Routes {
 public:
  // Requires: both name a table or both name a schema (empty table name); `from` has no route yet.
  void add(const model::CollectionName& from, const model::CollectionName& to);
  bool has(const model::CollectionName& from) const { return map_.contains(from); }
  bool empty() const { return map_.empty(); }
  const std::map<model::CollectionName, model::CollectionName>& all() const { return map_; }

  model::CollectionName target(const model::CollectionName& source) const;
  std::string target_schema(const std::string& source_schema) const;

  // Targets that more than one of these source tables would be written to.
  std::vector<RouteCollision> collisions(const std::vector<model::CollectionName>& sources) const;

 private:
  std::map<model::CollectionName, model::CollectionName> map_;
};

}  // namespace wherry::config
