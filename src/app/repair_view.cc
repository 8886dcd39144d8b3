#include "app/repair_view.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/output.h"
#include "base/text.h"

namespace wherry::app {

nlohmann::json repair_document(const std::vector<engine::Repaired>& repaired, bool dry_run) {
  nlohmann::json body = document("repair");
  body["dry_run"] = dry_run;
  auto& collections = body["collections"] = nlohmann::json::array();
  for (const auto& one : repaired) {
    auto statements = nlohmann::json::array();
    for (const auto& statement : one.statements) statements.push_back(base::printable(statement));
    collections.push_back(
        {{"name", one.collection}, {"keys", one.keys}, {"statements", std::move(statements)}});
  }
  return body;
}

std::vector<std::string> repair_lines(const nlohmann::json& document) {
  const bool dry_run = document.at("dry_run");
  std::vector<std::string> lines;
  for (const auto& one : document.at("collections")) {
    lines.push_back(fmt::format("-- {}: {} keys {}", one.at("name").get<std::string>(),
                                one.at("keys").get<std::uint64_t>(),
                                dry_run ? "would be written" : "written"));
    if (!dry_run) continue;
    for (const auto& statement : one.at("statements")) {
      lines.push_back(base::unprintable(statement.get<std::string>()).value());
    }
  }
  if (lines.empty()) lines.emplace_back("no difference is known: nothing to repair");
  return lines;
}

}  // namespace wherry::app
