#include "engine/object_findings.h"

#include <bit>
#include <set>

namespace wherry::engine {

ObjectFindings::ObjectFindings(journal::Journal& journal) : journal_(journal) {
  for (const auto& one : journal.open_findings()) {
    codes_[one.finding.code].subjects.insert(one.finding.subject);
  }
}

void ObjectFindings::tell(const model::Finding& finding) {
  const std::lock_guard lock(mutex_);
  auto& of_code = codes_[finding.code];
  if (of_code.subjects.contains(finding.subject)) return;
  if (of_code.subjects.size() < listed_of_a_code) {
    of_code.subjects.insert(finding.subject);
    journal_.open_finding(finding);
    return;
  }
  // Written seldom: the journal makes each call durable. At least this many, then.
  if (!std::has_single_bit(++of_code.more)) return;
  model::Finding more = finding;
  more.code += more_suffix;
  more.subject = "and at least " + std::to_string(of_code.more) + " more";
  journal_.close_findings(more.code, "");
  journal_.open_finding(more);
}

void ObjectFindings::start_over() {
  const std::lock_guard lock(mutex_);
  codes_.clear();
  std::set<std::string> open;
  for (const auto& one : journal_.open_findings()) open.insert(one.finding.code);
  for (const auto& code : open) journal_.close_findings(code, "");
}

void ObjectFindings::forget(const std::string& code) {
  const std::lock_guard lock(mutex_);
  codes_.erase(code);
  journal_.close_findings(code, "");
  journal_.close_findings(code + std::string(more_suffix), "");
}

std::uint64_t ObjectFindings::count(const std::string& code) const {
  const std::lock_guard lock(mutex_);
  const auto it = codes_.find(code);
  return it == codes_.end() ? 0 : it->second.subjects.size() + it->second.more;
}

}  // namespace wherry::engine
