#include "engine/failover.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/definitions.h"
#include "engine/history.h"

namespace wherry::engine {

namespace {

constexpr const char* target_fact = "target_identity";
constexpr const char* source_fact = "source_identity";  // of the one it began with

// Chunks whose read saw more of the source than was applied: the new source may lack that. What a
// cascade reached by way of them may be incomplete too. And marks that stand for nothing since
// their table is planned anew, for a change of definition that the new source may lack as well.
std::vector<std::pair<model::CollectionId, std::uint32_t>> chunks_beyond(
    const Parts& parts, const contract::TargetProgress& progress) {
  const auto is_beyond = [&](const contract::ChunkMark& mark) {
    return mark.bracket.high > *progress.position;
  };
  std::set<model::CollectionId> tables;
  for (const auto& mark : progress.chunks) {
    if (is_beyond(mark)) tables.insert(mark.chunk.collection);
  }
  std::set<std::pair<model::CollectionId, std::uint32_t>> done;
  for (const auto& table : parts.journal.tables()) {
    for (const auto& chunk : parts.journal.chunks(table.id)) {
      if (chunk.done) done.emplace(table.id, chunk.chunk.number);
    }
  }
  const auto cascades = parts.cascades.get();
  const auto depends = [&](model::CollectionId id) {
    if (!cascades->is_child(id)) return false;
    const auto above = cascades->reached_from(id);
    return std::any_of(above.begin(), above.end(), [&](auto t) { return tables.contains(t); });
  };
  std::vector<std::pair<model::CollectionId, std::uint32_t>> out;
  for (const auto& mark : progress.chunks) {
    const std::pair one(mark.chunk.collection, mark.chunk.number);
    if (is_beyond(mark) || depends(one.first) || !done.contains(one)) out.push_back(one);
  }
  return out;
}

// What concerns the server as a whole stands in the way of following it; what concerns a table is
// met when its changes come.
void require_followable(Parts& parts) {
  for (const auto& finding : parts.source.assess(parts.filter)) {
    if (finding.severity != model::Severity::blocker || finding.subject != "source") continue;
    throw base::Error(base::ErrorKind::rejected, "source.unfit",
                      "the server that answers as source now cannot be followed: " + finding.why +
                          " (" + finding.code + "); " + finding.what_to_do);
  }
}

}  // namespace

bool calls_for_meeting_anew(const base::Error& error) {
  constexpr std::array codes{source_replaced, target_replaced, target_went_back, copied_again};
  return std::find(codes.begin(), codes.end(), error.code()) != codes.end();
}

void meet_target(Parts& parts, const std::string& owner) {
  parts.target.meet_anew();
  const std::string now = parts.target.identity();
  const auto known = parts.journal.fact(target_fact);
  if (known == now) return;
  parts.target.check_successor({.migration = parts.fence.migration, .owner = owner});
  note(parts.journal, "failover", "target: from " + known.value_or("?") + " to " + now);
  spdlog::warn("the target is {} now, a copy of {}", now, known.value_or("?"));
  parts.journal.set_fact(target_fact, now);
  parts.journal.set_fact("target", parts.target.describe());
}

bool go_over_to_new_source(Parts& parts, const contract::TargetProgress& progress,
                           const std::stop_token& stop) {
  parts.source.meet_anew();
  const std::string now = parts.source.identity();
  const std::string known =
      progress.source.empty() ? parts.journal.fact(source_fact).value_or("") : progress.source;
  if (known == now) return false;
  require_followable(parts);
  contract::StreamRebase to;
  to.source = now;
  to.at = parts.source.resume_at(*progress.position, stop);
  to.not_done = chunks_beyond(parts, progress);
  // Now, as a later start sees no other log any more.
  void_all_proofs(parts);
  std::string told = "source: from " + known + " at " + progress.position->text() + " to " + now +
                     " at " + to.at.text();
  if (!to.not_done.empty()) {
    told += "; " + std::to_string(to.not_done.size()) + " chunks are copied again";
  }
  note(parts.journal, "failover", told);
  spdlog::warn("{}", told);
  forget_begun_change(parts);
  parts.target.rebase_stream(parts.fence, to);
  parts.journal.set_fact("source", parts.source.describe());
  return true;
}

void tell_waiting(journal::Journal& journal, const base::Error* error) {
  constexpr std::array<std::pair<const char*, const char*>, 2> waits{
      {{"source.behind", "let it catch up, or point the configuration at the new primary"},
       {"target.not_promoted",
        "promote it, or point the configuration at the server that was promoted"}}};
  for (const auto& [code, what_to_do] : waits) {
    if (error != nullptr && error->code() == code) {
      const std::string side = std::string(code).substr(0, std::string(code).find('.'));
      journal.open_finding({model::Severity::blocker, code, side, error->message(), what_to_do});
    } else {
      journal.close_findings(code, "");
    }
  }
}

}  // namespace wherry::engine
