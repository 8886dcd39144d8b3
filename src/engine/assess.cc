#include "engine/assess.h"

#include <algorithm>
#include <map>
#include <utility>

namespace wherry::engine {

std::vector<model::Finding> assess(contract::RowSource& source, contract::RowTarget& target,
                                   const contract::TableFilter& filter,
                                   const contract::TableRoute& route) {
  auto findings = source.assess(filter);
  std::vector<contract::TablePair> pairs;
  std::map<model::CollectionName, model::CollectionName> homes;
  for (auto& table : source.tables(filter)) {
    contract::TablePair pair;
    pair.target = route(table.name);
    const auto [home, fresh] = homes.emplace(pair.target, table.name);
    if (!fresh) {
      findings.push_back({model::Severity::blocker, "routes.collision", table.name.text(),
                          "goes to " + pair.target.text() + ", and so does " + home->second.text(),
                          "give each table a home of its own in `routes`"});
    }
    pair.source = std::move(table);
    pairs.push_back(std::move(pair));
  }
  if (pairs.empty()) {
    findings.push_back({model::Severity::blocker, "tables.none", "source",
                        "no table matches the configuration's tables", "mend `tables: include`"});
  }
  const auto on_target = target.assess(pairs);
  findings.insert(findings.end(), on_target.begin(), on_target.end());
  std::stable_sort(findings.begin(), findings.end(), [](const auto& a, const auto& b) {
    return static_cast<int>(a.severity) > static_cast<int>(b.severity);
  });
  return findings;
}

}  // namespace wherry::engine
