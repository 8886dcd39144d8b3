#pragma once
// Hard links: which objects of a listing are one object under several names. The first name of a
// group, in key order, leads it. Bounded: groups beyond the limit are told, and their names are
// treated as objects of their own. Thread-safety: filled by one thread, then read by any.

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

#include "contract/object_store.h"

namespace wherry::engine {

class LinkGroups {
 public:
  explicit LinkGroups(std::size_t most) : most_(most) {}

  // In key order. False if its group is one too many.
  bool add(const contract::ObjectInfo& object) {
    if (object.link_group.empty() || leaders_.contains(object.link_group)) return true;
    if (leaders_.size() >= most_) return false;
    leaders_.emplace(object.link_group, object.key);
    return true;
  }
  // The first name of the object's group; nothing if it is itself that, or has no group.
  std::optional<model::Key> leader(const contract::ObjectInfo& object) const {
    if (object.link_group.empty()) return std::nullopt;
    const auto it = leaders_.find(object.link_group);
    if (it == leaders_.end() || it->second == object.key) return std::nullopt;
    return it->second;
  }
  void clear() { leaders_.clear(); }

 private:
  std::size_t most_;
  std::unordered_map<std::string, model::Key> leaders_;
};

}  // namespace wherry::engine
