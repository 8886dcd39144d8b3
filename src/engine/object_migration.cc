#include "engine/object_migration.h"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "engine/assess.h"
#include "engine/copy_objects.h"
#include "engine/history.h"
#include "engine/object_survey.h"
#include "engine/object_tries.h"
#include "engine/prove_objects.h"
#include "engine/retry.h"

namespace wherry::engine {

using namespace std::chrono_literals;
using base::Error;
using base::ErrorKind;

std::vector<model::Finding> assess_tree(const contract::ObjectStore& source,
                                        const contract::ObjectStore& target) {
  auto findings = source.assess(false);
  const auto on_target = target.assess(true);
  findings.insert(findings.end(), on_target.begin(), on_target.end());
  const auto from = source.ancestry();
  const auto to = target.ancestry();
  const auto within = [](const std::vector<std::string>& inner,
                         const std::vector<std::string>& outer) {
    return !outer.empty() && std::find(inner.begin(), inner.end(), outer.back()) != inner.end();
  };
  if (within(from, to) || within(to, from)) {
    findings.push_back({model::Severity::blocker, "tree.overlap", "target",
                        "source and target are the same place, or one is inside the other",
                        "choose a target outside the source"});
  }
  std::stable_sort(findings.begin(), findings.end(), [](const auto& a, const auto& b) {
    return static_cast<int>(a.severity) > static_cast<int>(b.severity);
  });
  return findings;
}

TreeMigration::TreeMigration(contract::ObjectStore& source, contract::ObjectStore& target,
                             journal::Journal& journal, const Limits& limits, TreeOptions options)
    : options_(std::move(options)),
      parts_{source, target, journal, limits, options_, digest_key(journal)} {
  parts_.wait_while_paused = [this](const std::stop_token& stop) { wait_while_paused(stop); };
  paused_ = journal.fact("paused").value_or("no") == "yes";
  if (!journal.fact("state")) journal.set_fact("state", std::string(to_string(State::planned)));
}

std::vector<model::Finding> TreeMigration::assess() {
  return assess_tree(parts_.source, parts_.target);
}

void TreeMigration::run(const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  copied_ = ended_ = false;
  try {
    begin();
    note_start(parts_.journal);
    const std::jthread sampling([this](const std::stop_token& end) {
      try {
        while (true) {
          meter_.sample(parts_.counters);
          sleep_for(1s, end);
        }
      } catch (const Error&) {
        // The run has ended.
      }
    });
    move(stop);
    note(parts_.journal, "finished", "all was looked at");
  } catch (const Error& error) {
    const std::lock_guard lock(mutex_);
    running_ = false;
    if (error.kind() == ErrorKind::cancelled && stop.stop_requested()) {
      note(parts_.journal, "stopped", "on request");
      return;
    }
    note_failure(parts_.journal, error);
    throw;
  }
  ended_ = true;
  const std::lock_guard lock(mutex_);
  running_ = false;
}

// Nothing is assumed about what is on either side.
void TreeMigration::begin() {
  const auto findings = assess();
  refuse_blockers(findings);
  keep_identity(parts_.journal, "source", parts_.source.identity());
  if (!target_held_) parts_.target.prepare_target();
  target_held_ = true;
  keep_identity(parts_.journal, "target", parts_.target.identity());
  parts_.journal.set_fact("source", parts_.source.describe());
  parts_.journal.set_fact("target", parts_.target.describe());
  if (parts_.journal.tables().empty()) {
    journal::TableRecord record;
    record.id = ObjectParts::tree;
    record.source.name.name = options_.source;
    record.target.name = options_.target;
    parts_.journal.put_tables({record});
  }
  if (state_of(parts_.journal) == State::planned)
    go(parts_.journal, State::copying, "from " + parts_.source.describe());
  if (state_of(parts_.journal) == State::copied) {
    // Without a change log, what was proved is not known to be so still.
    parts_.journal.replan(ObjectParts::tree);
    go(parts_.journal, State::copying, "another run");
  }
  parts_.findings.start_over();
  for (const auto& finding : findings) {
    if (finding.severity == model::Severity::warning) parts_.findings.tell(finding);
  }
}

void TreeMigration::move(const std::stop_token& stop) {
  const Survey seen = survey(parts_, SurveyFor::running, stop);
  // Every chunk is cut; what would be in the way is gone from the target.
  auto record = parts_.journal.tables().at(0);
  record.source.row_estimate = seen.objects;
  record.source.byte_estimate = seen.bytes;
  parts_.journal.put_tables({record});
  copy_objects(parts_, stop);
  // Each object is on the target, or told in a finding, but for hard links.
  finish_tree(parts_, stop);
  // And so are hard links; directories are as on the source.
  copied_ = true;
  do {
    if (prove_again_.exchange(false)) parts_.journal.void_proofs(ObjectParts::tree);
    prove(Mend::yes, stop);
  } while (prove_again_);
  // Each chunk is proved, or it is told what keeps it from being so.
  if (mended_ != 0) {
    note(parts_.journal, "copied again",
         std::to_string(mended_) +
             " objects that changed, or were not the same in "
             "content though they looked it");
  }
  go(parts_.journal, State::copied, std::to_string(seen.objects) + " objects");
}

std::vector<model::Chunk> TreeMigration::unproved() const {
  std::set<std::uint32_t> proved;
  for (const auto& proof : parts_.journal.proofs()) proved.insert(proof.chunk);
  std::vector<model::Chunk> out;
  for (const auto& record : parts_.journal.chunks(ObjectParts::tree)) {
    if (!proved.contains(record.chunk.number)) out.push_back(record.chunk);
  }
  return out;
}

void TreeMigration::prove(Mend mend, const std::stop_token& stop) {
  survey(parts_, SurveyFor::looking, stop);
  const auto chunks = unproved();
  std::atomic<std::size_t> next = 0;
  for_each_of_several(parts_.limits.threads, stop, [&](const std::stop_token& token) {
    ObjectProver prover(parts_);
    while (true) {
      wait_while_paused(token);
      const std::size_t index = next++;
      if (index >= chunks.size()) return;
      prove_chunk(prover, chunks[index], mend, token);
    }
  });
}

void TreeMigration::prove_chunk(ObjectProver& prover, const model::Chunk& chunk, Mend mend,
                                const std::stop_token& stop) {
  constexpr int rounds = 3;
  ChunkVerdict verdict = prover.look(chunk, stop);
  for (int round = 0; mend == Mend::yes && !verdict.differences.empty() && round < rounds;
       ++round) {
    const auto reader = parts_.source.reader();
    const auto writer = parts_.target.writer();
    for (const auto& difference : verdict.differences) {
      spdlog::warn("{}: {} differs; it is copied again", parts_.source.text(difference.key),
                   difference.what);
      copy_again(parts_, *reader, *writer, difference.key, stop);
      ++mended_;
    }
    writer->sync();
    verdict = prover.look(chunk, stop);
  }
  tell_differences(verdict);
  if (verdict.equal()) parts_.journal.put_proof(proof_of(chunk, verdict));
}

void TreeMigration::tell_differences(const ChunkVerdict& verdict) {
  for (const auto& difference : verdict.differences) {
    parts_.findings.tell(
        {model::Severity::blocker, object_differs, parts_.source.text(difference.key),
         "not the same on the target: " + difference.what, "`wherry repair` copies it again"});
  }
}

void TreeMigration::require_begun() const {
  const bool begun = !parts_.journal.tables().empty() && parts_.journal.tables().at(0).planned;
  if (!begun || state_of(parts_.journal) != State::copied) {
    throw Error(ErrorKind::rejected, "tree.not_copied",
                "not all is copied yet, so there is nothing to compare",
                "`wherry run` copies and proves");
  }
}

void TreeMigration::verify() {
  {
    const std::lock_guard lock(mutex_);
    prove_again_ = running_;
    if (running_) return;
  }
  require_begun();
  parts_.findings.forget(object_differs);
  parts_.journal.void_proofs(ObjectParts::tree);
  note(parts_.journal, "verify", "all proofs are taken again");
  prove(Mend::no, {});
}

std::vector<Repaired> TreeMigration::repair(bool dry_run, const std::stop_token& stop) {
  {
    const std::lock_guard lock(mutex_);
    if (running_) {
      throw Error(ErrorKind::rejected, "repair.running",
                  "a run copies again what it finds different; wait for its end");
    }
  }
  require_begun();
  if (!dry_run) {
    if (!target_held_) parts_.target.prepare_target();
    target_held_ = true;
    parts_.findings.forget(object_differs);
  }
  survey(parts_, SurveyFor::looking, stop);
  Repaired repaired;
  repaired.collection = base::printable(options_.target);
  const auto reader = parts_.source.reader();
  const auto writer = dry_run ? nullptr : parts_.target.writer();
  ObjectProver prover(parts_);
  for (const auto& chunk : unproved()) {
    for (const auto& difference : prover.look(chunk, stop).differences) {
      ++repaired.keys;
      repaired.statements.push_back("copy again: " + parts_.source.text(difference.key) + " (" +
                                    difference.what + ")");
      if (!dry_run) copy_again(parts_, *reader, *writer, difference.key, stop);
    }
  }
  if (repaired.keys == 0) return {};
  if (!dry_run) {
    writer->sync();
    note(parts_.journal, "repaired",
         repaired.collection + ": " + std::to_string(repaired.keys) + " objects");
    prove(Mend::no, stop);
  }
  return {repaired};
}

void TreeMigration::pause() {
  const std::lock_guard lock(mutex_);
  if (paused_) return;
  parts_.journal.set_fact("paused", "yes");
  note(parts_.journal, "paused", "on request");
  paused_ = true;
}

void TreeMigration::resume() {
  const std::lock_guard lock(mutex_);
  if (!paused_) return;
  parts_.journal.set_fact("paused", "no");
  note(parts_.journal, "resumed", "on request");
  paused_ = false;
  changed_.notify_all();
}

void TreeMigration::wait_while_paused(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [&] { return !paused_; })) base::throw_cancelled();
  if (stop.stop_requested()) base::throw_cancelled();
}

bool TreeMigration::is_settled(bool proof) {
  if (!proof) return copied_;
  return ended_ && status().all_proved();
}

Status TreeMigration::status() const {
  Status s = status_of(options_.name, parts_.journal);
  {
    const std::lock_guard lock(mutex_);
    s.running = running_;
    s.paused = paused_;
  }
  s.pid = ::getpid();
  s.since = base::utc_text(started_);
  if (!s.tables.empty()) s.tables[0].differences = parts_.findings.count(object_differs);
  meter_.fill(s);
  return s;
}

}  // namespace wherry::engine
