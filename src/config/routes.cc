#include "config/routes.h"

#include <cassert>
#include <utility>

namespace wherry::config {

void Routes::add(const model::CollectionName& from, const model::CollectionName& to) {
  assert(from.name.empty() == to.name.empty());
  const bool added = map_.emplace(from, to).second;
  assert(added);
  static_cast<void>(added);
}

model::CollectionName Routes::target(const model::CollectionName& source) const {
  const auto own = map_.find(source);
  if (own != map_.end()) return own->second;
  return {target_schema(source.schema), source.name};
}

std::string Routes::target_schema(const std::string& source_schema) const {
  const auto found = map_.find({source_schema, {}});
  return found == map_.end() ? source_schema : found->second.schema;
}

std::vector<RouteCollision> Routes::collisions(
    const std::vector<model::CollectionName>& sources) const {
  std::map<model::CollectionName, std::vector<model::CollectionName>> by_target;
  for (const model::CollectionName& source : sources) by_target[target(source)].push_back(source);
  std::vector<RouteCollision> found;
  for (auto& [name, from] : by_target) {
    if (from.size() > 1) found.push_back({name, std::move(from)});
  }
  return found;
}

}  // namespace wherry::config
