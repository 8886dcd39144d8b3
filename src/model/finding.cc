#include "model/finding.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace wherry::model {

std::string_view to_string(Severity s) {
  switch (s) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::blocker:
      return "blocker";
  }
  return "note";
}

Severity severity_named(std::string_view text) {
  for (const Severity s : {Severity::note, Severity::warning, Severity::blocker}) {
    if (to_string(s) == text) return s;
  }
  throw base::Error(base::ErrorKind::internal, "finding.severity",
                    "unknown severity " + std::string(text));
}

void to_json(nlohmann::json& j, const Finding& f) {
  j = {{"severity", to_string(f.severity)},
       {"code", f.code},
       {"subject", f.subject},
       {"why", f.why},
       {"what_to_do", f.what_to_do}};
}

void from_json(const nlohmann::json& j, Finding& f) {
  f.severity = severity_named(j.at("severity").get<std::string>());
  j.at("code").get_to(f.code);
  j.at("subject").get_to(f.subject);
  j.at("why").get_to(f.why);
  j.at("what_to_do").get_to(f.what_to_do);
}

}  // namespace wherry::model
