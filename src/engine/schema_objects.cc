#include "engine/schema_objects.h"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "base/text.h"
#include "engine/held_back_list.h"
#include "engine/history.h"

namespace wherry::engine {

namespace {

void close_findings_about(journal::Journal& journal, const std::string& subject) {
  for (const auto& open : journal.open_findings()) {
    if (open.finding.subject == subject) journal.close_findings(open.finding.code, subject);
  }
}

}  // namespace

std::vector<model::Finding> create_objects(Parts& parts) {
  if (parts.objects == nullptr) return {};
  return parts.objects->create_objects(parts.fence, parts.source, parts.filter, parts.route);
}

void note_objects(Parts& parts, const std::vector<model::Finding>& findings) {
  if (findings.empty()) return;
  const auto open = parts.journal.open_findings();
  for (const auto& finding : findings) {
    const bool told = std::any_of(open.begin(), open.end(), [&](const auto& one) {
      return one.finding.code == finding.code && one.finding.subject == finding.subject &&
             one.finding.why == finding.why;
    });
    if (told) continue;
    spdlog::log(
        finding.severity == model::Severity::note ? spdlog::level::info : spdlog::level::warn,
        "{}: {}", finding.subject, finding.why);
    parts.journal.open_finding(finding);
  }
}

std::optional<bool> apply_object_change(Parts& parts, const model::ChangePart& part,
                                        const std::stop_token& stop) {
  if (parts.objects == nullptr) return std::nullopt;
  using Kind = contract::ObjectPlan::Kind;
  const model::DdlEvent& event = part.ddl.front();
  const contract::ObjectPlan plan = parts.objects->plan_object(event, parts.filter, parts.route);
  if (plan.kind == Kind::none) return std::nullopt;
  const std::string told = base::printable(event.statement.substr(0, 500));
  const auto tell = [&](const contract::ObjectOutcome& outcome) {
    for (const auto& subject : outcome.mended) close_findings_about(parts.journal, subject);
    note_objects(parts, outcome.findings);
  };
  if (plan.kind == Kind::not_carried) {
    tell(plan.outcome);
    return false;
  }
  if (plan.kind == Kind::held_back) {
    list_held_back(parts);
    note(parts.journal, "held back", told);
    return false;
  }
  switch (parts.ddl_policy(plan.what)) {
    case DdlAction::ignore:
      spdlog::warn("ignored by the configuration: {}", told);
      return false;
    case DdlAction::stop:
      throw base::Error(
          base::ErrorKind::rejected, "ddl.stopped",
          "the source changed a " + plan.what + " and the configuration says to stop there", told);
    case DdlAction::apply:
      break;
  }
  const auto mark = record_window(parts, part.end, {});
  tell(parts.objects->apply_object(parts.fence, event, parts.filter, parts.route, mark, stop));
  note(parts.journal, "ddl", told);
  spdlog::info("applied {}: {}", plan.what, told);
  return true;
}

void list_held_back(Parts& parts) {
  if (parts.objects == nullptr) return;
  const auto list = parts.objects->held_back(parts.source, parts.filter);
  auto names = nlohmann::json::array();
  for (const auto& one : list) names.push_back({{"kind", one.kind}, {"name", one.name.text()}});
  parts.journal.set_fact("held_back", names.dump());
  parts.journal.set_fact("held_back_definitions", held_back_json(list).dump());
}

}  // namespace wherry::engine
