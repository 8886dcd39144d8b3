#include "engine/cascades.h"

#include <algorithm>
#include <utility>

namespace wherry::engine {

namespace {

using contract::CascadeAction;
using contract::CascadeRule;

bool share(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
  return std::any_of(a.begin(), a.end(), [&](std::size_t column) {
    return std::find(b.begin(), b.end(), column) != b.end();
  });
}

// What `first` does to a row makes `second` act on those that refer to it.
bool goes_on(const CascadeRule& first, const CascadeRule& second) {
  if (first.child != second.parent) return false;
  const bool removes = first.on_delete == CascadeAction::cascade;
  if (removes && second.on_delete != CascadeAction::none) return true;
  const bool updates =
      first.on_delete == CascadeAction::set_null || first.on_update != CascadeAction::none;
  return updates && second.on_update != CascadeAction::none &&
         share(second.parent_columns, first.child_columns);
}

// Adds to each set what its members' sets hold, until nothing is new.
void close(std::map<model::CollectionId, std::set<model::CollectionId>>& sets) {
  for (bool grown = true; grown;) {
    grown = false;
    for (auto& [id, mine] : sets) {
      const std::size_t size = mine.size();
      for (const auto other : std::set(mine)) {
        if (const auto it = sets.find(other); it != sets.end()) {
          mine.insert(it->second.begin(), it->second.end());
        }
      }
      grown = grown || mine.size() != size;
    }
  }
}

}  // namespace

CascadeGraph::CascadeGraph(contract::CascadeRules rules) : rules_(std::move(rules)) {
  for (const auto& rule : rules_.rules) {
    parents_.insert(rule.parent);
    ancestors_[rule.child].insert(rule.parent);
    for (const auto& next : rules_.rules) {
      if (goes_on(rule, next)) before_[next.child].insert(rule.child);
    }
  }
  close(ancestors_);
  close(before_);
  for (const auto& [table, first] : before_) {
    if (first.contains(table)) one_piece_.insert(table);
  }
  for (const auto& rule : rules_.rules) {
    const auto& child = rules_.tables.at(rule.child)->source;
    if (rule.on_update == CascadeAction::cascade && share(rule.child_columns, child.key)) {
      one_piece_.insert(rule.child);
    }
  }
}

const std::set<model::CollectionId>& CascadeGraph::before(model::CollectionId table) const {
  static const std::set<model::CollectionId> none;
  const auto it = before_.find(table);
  return it == before_.end() ? none : it->second;
}

std::set<model::CollectionId> CascadeGraph::reached_from(model::CollectionId table) const {
  std::set<model::CollectionId> out{table};
  if (const auto it = ancestors_.find(table); it != ancestors_.end()) {
    out.insert(it->second.begin(), it->second.end());
  }
  return out;
}

std::set<model::CollectionId> CascadeGraph::carried_to(
    const std::map<model::CollectionId, contract::CarriedOn>& changed,
    const std::set<model::CollectionId>& anyhow) const {
  std::set<model::CollectionId> out;
  const auto acts = [&](const CascadeRule& rule) {
    if (anyhow.contains(rule.parent) || out.contains(rule.parent)) return true;
    const auto found = changed.find(rule.parent);
    if (found == changed.end()) return false;
    const contract::CarriedOn& carried = found->second;
    return (carried.removed && rule.on_delete != CascadeAction::none) ||
           (rule.on_update != CascadeAction::none &&
            std::any_of(rule.parent_columns.begin(), rule.parent_columns.end(),
                        [&](std::size_t column) { return carried.columns.contains(column); }));
  };
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& rule : rules_.rules) {
      if (acts(rule)) grown = out.insert(rule.child).second || grown;
    }
  }
  return out;
}

std::vector<model::CollectionId> CascadeGraph::circle() const {
  std::vector<model::CollectionId> out;
  for (const auto& [table, first] : before_) {
    const bool circular = std::any_of(first.begin(), first.end(), [&](model::CollectionId other) {
      return other != table && before(other).contains(table);
    });
    if (circular) out.push_back(table);
  }
  return out;
}

bool CascadeGraph::is_followed(model::CollectionId parent, const model::RowBatch& before,
                               const model::RowBatch* after, std::size_t row) const {
  return std::any_of(rules_.rules.begin(), rules_.rules.end(), [&](const CascadeRule& rule) {
    if (rule.parent != parent) return false;
    if (after == nullptr) return rule.on_delete != CascadeAction::none;
    if (rule.on_update == CascadeAction::none) return false;
    return std::any_of(
        rule.parent_columns.begin(), rule.parent_columns.end(),
        [&](std::size_t column) { return before.cell(row, column) != after->cell(row, column); });
  });
}

void CascadeBook::put(CascadeGraph graph) {
  auto fresh = std::make_shared<const CascadeGraph>(std::move(graph));
  const std::lock_guard lock(mutex_);
  graph_ = std::move(fresh);
}

std::shared_ptr<const CascadeGraph> CascadeBook::get() const {
  const std::lock_guard lock(mutex_);
  return graph_;
}

}  // namespace wherry::engine
