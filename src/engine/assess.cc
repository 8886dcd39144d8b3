#include "engine/assess.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/cascades.h"

namespace wherry::engine {

namespace {

void add_cascades(contract::RowSource& source, const std::vector<contract::TablePair>& pairs,
                  std::vector<model::Finding>& findings) {
  contract::CascadeRules rules;
  rules.rules = source.cascades(pairs);
  for (const auto& pair : pairs) {
    rules.tables.emplace(pair.id, std::make_shared<const contract::TablePair>(pair));
  }
  const CascadeGraph graph(std::move(rules));
  const auto circle = graph.circle();
  for (const auto& pair : pairs) {
    if (std::find(circle.begin(), circle.end(), pair.id) != circle.end()) {
      findings.push_back({model::Severity::blocker, "cascade.circle", pair.source.name.text(),
                          "foreign keys that change rows by themselves lead from it to another "
                          "table and back",
                          "make one of them RESTRICT for the time of the migration, or exclude the "
                          "tables"});
    } else if (graph.in_one_piece(pair.id)) {
      findings.push_back({model::Severity::warning, "cascade.whole_table", pair.source.name.text(),
                          "foreign keys change its keys, or lead from its rows to others of it, "
                          "without a trace in the log: it is copied in one piece, and following "
                          "waits for that",
                          "nothing if it is small; a large one is better copied when there is time "
                          "to catch up"});
    } else if (graph.is_child(pair.id)) {
      findings.push_back({model::Severity::note, "cascade.child", pair.source.name.text(),
                          "foreign keys change its rows without a trace in the log: Wherry makes "
                          "these changes again on the target",
                          "nothing; its chunks make following wait a little longer"});
    }
  }
}

}  // namespace

std::vector<model::Finding> assess(contract::RowSource& source, contract::RowTarget& target,
                                   contract::SchemaObjects* objects,
                                   const contract::TableFilter& filter,
                                   const contract::TableRoute& route) {
  auto findings = source.assess(filter);
  std::vector<contract::TablePair> pairs;
  std::map<model::CollectionName, model::CollectionName> homes;
  for (auto& table : source.tables(filter)) {
    contract::TablePair pair;
    pair.id = static_cast<model::CollectionId>(pairs.size() + 1);
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
  add_cascades(source, pairs, findings);
  const auto on_target = target.assess(pairs);
  findings.insert(findings.end(), on_target.begin(), on_target.end());
  if (objects != nullptr) {
    const auto about_objects = objects->assess_objects(source, filter, route);
    findings.insert(findings.end(), about_objects.begin(), about_objects.end());
  }
  std::stable_sort(findings.begin(), findings.end(), [](const auto& a, const auto& b) {
    return static_cast<int>(a.severity) > static_cast<int>(b.severity);
  });
  return findings;
}

void refuse_blockers(const std::vector<model::Finding>& findings) {
  const auto blocks = [](const auto& f) { return f.severity == model::Severity::blocker; };
  const auto first = std::find_if(findings.begin(), findings.end(), blocks);
  if (first == findings.end()) return;
  const auto more = std::count_if(std::next(first), findings.end(), blocks);
  throw base::Error(base::ErrorKind::rejected, "assess.blocked",
                    "findings stand in the way; `wherry assess` lists them",
                    first->code + ": " + first->subject + ": " + first->why +
                        (more == 0 ? "" : ", and " + std::to_string(more) + " more"));
}

}  // namespace wherry::engine
