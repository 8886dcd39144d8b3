#include "engine/repair.h"

#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "engine/bracket.h"
#include "engine/copy_rows.h"

namespace wherry::engine {

namespace {

// What makes the target's rows with some keys what they are on the source.
struct Rewrite {
  std::vector<model::Key> absent;
  model::RowBatch rows;
};

// Reads it, and has following stand at the place of that read while `use` does something with it.
template <typename Use>
void with_rewrite(Parts& parts, const contract::TablePair& pair,
                  const std::vector<model::Key>& keys, const std::stop_token& stop,
                  const Use& use) {
  const auto reader = parts.source.reader(stop);
  auto hold = parts.gate.hold();
  const bool exact = copied_exactly(parts, pair);
  auto view = exact ? open_exact_source_view(*reader, hold, exact_with(parts, pair), stop)
                    : open_source_view(*reader, hold, stop);
  const model::Bracket bracket = view->bracket();
  hold.let_go_on_to(bracket.low);
  parts.gate.wait_applied(bracket.low, stop);
  Rewrite rewrite;
  rewrite.rows = view->read_keys({pair.source.name, &pair.source}, keys);
  view.reset();
  std::unordered_set<model::Key> present;
  for (std::size_t row = 0; row < rewrite.rows.rows(); ++row)
    present.insert(rewrite.rows.key(row, pair.source.key));
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(rewrite.absent),
               [&](const model::Key& key) { return !present.contains(key); });
  use(rewrite);
}

void write(Parts& parts, const contract::Fence& fence, const contract::TablePair& pair,
           const std::vector<model::Key>& keys, const Rewrite& rewrite,
           const std::stop_token& stop) {
  const auto writer = parts.target.writer(fence, stop);
  writer->begin_window();
  if (!rewrite.absent.empty()) writer->remove(pair, rewrite.absent);
  if (!rewrite.rows.empty()) writer->put(pair, rewrite.rows);
  ++parts.rewrites;
  try {
    const auto mark = record_window(parts, parts.gate.applied(), {{{pair.id, keys}}, {}});
    writer->commit_window(mark, forget_through(parts));
  } catch (...) {
    // It may be that nothing on the target says that these keys are dirty.
    (void)record_window(parts, parts.gate.applied(), {{}, {pair.id}});
    --parts.rewrites;
    throw;
  }
  --parts.rewrites;
}

void repair_keys(Parts& parts, const contract::Fence& fence, const contract::TablePair& pair,
                 const std::vector<model::Key>& keys, bool dry_run, Repaired& out,
                 const std::stop_token& stop) {
  with_rewrite(parts, pair, keys, stop, [&](const Rewrite& rewrite) {
    const auto statements = parts.target.statements(pair, rewrite.absent, rewrite.rows);
    out.statements.insert(out.statements.end(), statements.begin(), statements.end());
    out.keys += keys.size();
    if (!dry_run) write(parts, fence, pair, keys, rewrite, stop);
  });
}

// Rows without a key cannot be mended one by one: the table is copied again.
void copy_again(Parts& parts, const contract::Fence& fence, const contract::TablePair& pair,
                bool dry_run, Repaired& out, const std::stop_token& stop) {
  ++out.keys;
  out.statements.push_back("-- " + pair.target.text() +
                           " has no key: all of its rows are copied again");
  if (dry_run) return;
  for (const auto& record : parts.journal.chunks(pair.id)) {
    const auto reader = parts.source.reader(stop);
    auto hold = parts.gate.hold();
    const auto view = open_exact_source_view(*reader, hold, exact_with(parts, pair), stop);
    contract::ChunkMark mark;
    mark.chunk = record.chunk;
    mark.bracket = view->bracket();
    hold.let_go_on_to(mark.bracket.low);
    parts.gate.wait_applied(mark.bracket.low, stop);
    (void)record_window(parts, parts.gate.applied(), {{}, {pair.id}});
    const auto writer = parts.target.writer(fence, stop);
    if (!copy_whole_table(parts, *view, *writer, pair, mark, stop)) {
      throw base::Error(base::ErrorKind::transient, "repair.definition_changes",
                        "a change of definition is on its way; repair again", pair.target.text());
    }
    parts.book.set_copied_from(pair.id, mark.bracket.low);
  }
}

}  // namespace

void rewrite_keys(Parts& parts, const contract::Fence& fence, const contract::TablePair& pair,
                  const std::vector<model::Key>& keys, const std::stop_token& stop) {
  with_rewrite(parts, pair, keys, stop,
               [&](const Rewrite& rewrite) { write(parts, fence, pair, keys, rewrite, stop); });
}

std::vector<Repaired> repair(Parts& parts, const contract::Fence& fence, const DifferentKeys& keys,
                             bool dry_run, const std::stop_token& stop) {
  std::vector<Repaired> out;
  for (const auto& [table, all] : keys) {
    const auto pair = parts.book.find(table);
    if (!pair) continue;
    Repaired repaired;
    repaired.collection = pair->target.text();
    if (pair->source.key.empty()) {
      copy_again(parts, fence, *pair, dry_run, repaired, stop);
      out.push_back(std::move(repaired));
      continue;
    }
    std::vector<model::Key> some;
    for (auto it = all.begin(); it != all.end();) {
      some.clear();
      while (it != all.end() && some.size() < keys_rewritten_at_once) some.push_back(*it++);
      repair_keys(parts, fence, *pair, some, dry_run, repaired, stop);
    }
    out.push_back(std::move(repaired));
  }
  return out;
}

}  // namespace wherry::engine
