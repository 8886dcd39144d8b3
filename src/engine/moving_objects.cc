#include "engine/moving_objects.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/held_back_list.h"
#include "engine/history.h"

namespace wherry::engine {

namespace {

using contract::HeldBack;

constexpr const char* fact = "moving_objects";

bool is_event(const HeldBack& one) { return one.kind == "event"; }

std::vector<HeldBack> those(const std::vector<HeldBack>& list, bool events) {
  std::vector<HeldBack> out;
  std::copy_if(list.begin(), list.end(), std::back_inserter(out),
               [&](const HeldBack& one) { return is_event(one) == events; });
  return out;
}

// A guard has changed whether an event acts, and with it its statement.
bool is_the_same(const HeldBack& a, const HeldBack& b) {
  return a.kind == b.kind && a.name == b.name && a.table == b.table &&
         (is_event(a) || a.sql == b.sql);
}

}  // namespace

MovingObjects::MovingObjects(journal::Journal& journal, MovingEnds ends)
    : journal_(journal), ends_(std::move(ends)) {}

std::vector<model::Finding> MovingObjects::assess() const {
  const auto list = ends_.list();
  if (list.empty()) return {};
  return ends_.assess(list);
}

void MovingObjects::list() { before_ = ends_.list(); }

void MovingObjects::make() {
  const auto sealed = ends_.list();
  if (!std::equal(before_.begin(), before_.end(), sealed.begin(), sealed.end(), is_the_same)) {
    throw base::Error(base::ErrorKind::rejected, "cutover.objects_changed",
                      "triggers or events were changed while the side was being sealed");
  }
  if (sealed.empty()) return;
  journal_.set_fact(
      fact, nlohmann::json{{"before", held_back_json(before_)}, {"sealed", held_back_json(sealed)}}
                .dump());
  ends_.remove();
  for (const auto& finding : ends_.make(those(before_, false))) {
    if (finding.severity != model::Severity::blocker) continue;
    throw base::Error(base::ErrorKind::rejected, "cutover.not_made",
                      finding.why + " (" + finding.code + ")", finding.subject);
  }
}

void MovingObjects::undo() {
  if (journal_.fact(fact).value_or("").empty()) return;
  ends_.remove();
  journal_.set_fact(fact, "");
}

void MovingObjects::finish(GuardedSide& from) {
  const std::string text = journal_.fact(fact).value_or("");
  if (text.empty()) return;
  const auto both = nlohmann::json::parse(text);
  const auto before = held_back_from(both.at("before"));
  from.forget_objects();
  ends_.keep(before);
  auto findings = ends_.drop(held_back_from(both.at("sealed")));
  if (const auto events = those(before, true); !events.empty()) {
    for (auto& finding : ends_.make(events)) findings.push_back(std::move(finding));
  }
  for (const auto& finding : findings) journal_.open_finding(finding);
  note(journal_, "objects moved", std::to_string(before.size()) + " triggers and events");
  journal_.set_fact(fact, "");
}

}  // namespace wherry::engine
