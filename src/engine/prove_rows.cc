#include "engine/prove_rows.h"

#include <algorithm>
#include <future>
#include <unordered_set>

#include <spdlog/spdlog.h>

#include "base/text.h"
#include "engine/chunk_digests.h"
#include "engine/compare_rows.h"
#include "engine/retry.h"

namespace wherry::engine {

using namespace std::chrono_literals;

namespace {

constexpr std::string_view difference_code = "proof.difference";

std::string subject(const contract::TablePair& pair, const model::Key& key) {
  if (pair.source.key.empty()) return pair.source.name.text();
  return pair.source.name.text() + " key " + key.text();
}

}  // namespace

void ProveRows::run(const std::stop_token& stop) {
  // What an earlier run found is looked at again: it has no proof.
  {
    const std::lock_guard lock(mutex_);
    different_.clear();
    different_chunks_.clear();
  }
  parts_.journal.close_findings(std::string(difference_code), "");
  keep_trying(stop, "proving", [&] { session(stop); });
}

void ProveRows::session(const std::stop_token& stop) {
  constexpr auto close_behind = 5s;
  constexpr std::uint32_t most_lanes = 2;
  std::vector<Lane> lanes;
  for (std::uint32_t i = 0; i < std::clamp(parts_.limits.threads.load(), 1U, most_lanes); ++i) {
    lanes.push_back({parts_.source.reader(stop), parts_.target.reader(stop)});
  }
  while (true) {
    parts_.throttle.before(stop);
    // Far behind, a source view would have to stay open until following gets there.
    if (parts_.counters.since_caught_up() > close_behind) {
      sleep_for(200ms, stop);
      continue;
    }
    drop_old_proofs();
    Done done;
    try {
      done = round(lanes, stop);
      recheck_differences(*lanes.front().source, *lanes.front().target, stop);
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::data_mismatch || error.code() == target_went_back) throw;
      // A table is not as following knows it: a change of definition is on its way.
      spdlog::warn("proving waits: {}", error.what());
      done.chunks = false;
    }
    sleep_for(done.chunks ? 0ms : done.keys ? 50ms : 250ms, stop);
  }
}

void ProveRows::drop_old_proofs() {
  const std::chrono::seconds most(parts_.limits.max_proof_age_seconds);
  if (most.count() == 0) return;
  const std::lock_guard lock(parts_.proof_mutex);
  while (const auto oldest = parts_.ledger.oldest_proof()) {
    if (std::chrono::system_clock::now() - oldest->at < most) return;
    parts_.ledger.drop_proof(oldest->collection, oldest->chunk);
    parts_.journal.void_proof(oldest->collection, oldest->chunk);
    ++parts_.unproved_version;
  }
}

std::vector<journal::ChunkRecord> ProveRows::unproved_chunks(std::size_t most) {
  const std::uint64_t version = parts_.unproved_version;
  std::vector<journal::ChunkRecord> out;
  if (version == nothing_unproved_at_) return out;
  const auto now = std::chrono::steady_clock::now();
  bool some_wait = false;
  for (const auto& pair : parts_.book.all()) {
    for (const auto& record : parts_.journal.chunks(pair->id)) {
      if (!record.done || parts_.ledger.proof(pair->id, record.chunk.number)) continue;
      {
        const std::lock_guard lock(mutex_);
        const auto it = not_before_.find({pair->id, record.chunk.number});
        if (it != not_before_.end() && it->second > now) {
          some_wait = true;
          continue;
        }
      }
      out.push_back(record);
      if (out.size() == most) return out;
    }
  }
  if (out.empty() && !some_wait) nothing_unproved_at_ = version;
  return out;
}

ProveRows::Done ProveRows::round(const std::vector<Lane>& lanes, const std::stop_token& stop) {
  constexpr std::size_t chunks_at_once = 64;
  constexpr std::chrono::milliseconds views_live = 3s;
  auto& [source, target] = lanes.front();
  Done done;
  const auto chunks = unproved_chunks(chunks_at_once);
  done.chunks = !chunks.empty();
  if (!done.chunks && !parts_.ledger.oldest_dirty(1)) return done;
  for (const auto& copied : chunks) parts_.ledger.start_tracking(copied.chunk.collection);
  Suspects suspects;
  std::vector<std::future<Suspects>> others;
  {
    const auto views = open_both_views(*source, *target, parts_.gate, stop);
    const auto until =
        std::chrono::steady_clock::now() +
        std::max<std::chrono::milliseconds>(views_live, source->views_are_worth_keeping());
    std::vector<std::vector<journal::ChunkRecord>> shares(std::min(lanes.size(), chunks.size()));
    for (std::size_t i = 0; i < chunks.size(); ++i) shares[i % shares.size()].push_back(chunks[i]);
    for (std::size_t lane = 1; lane < shares.size(); ++lane) {
      others.push_back(std::async(
          std::launch::async, [&, &own = lanes[lane], share = std::move(shares[lane]), until] {
            const auto own_views = open_both_views(*own.source, *own.target, parts_.gate, stop);
            return prove_chunks(own_views, share, until, stop);
          }));
    }
    if (!shares.empty()) suspects = prove_chunks(views, shares.front(), until, stop);
    done.keys = prove_dirty_keys(views, suspects, stop);
  }
  // These views are closed: a change of definition that others wait behind may wait for them.
  for (auto& other : others) suspects.add(other.get());
  settle(*source, *target, suspects, stop);
  return done;
}

void ProveRows::Suspects::add(Suspects more) {
  for (auto& [table, keys] : more.in_chunks) {
    auto& all = in_chunks[table];
    all.insert(all.end(), keys.begin(), keys.end());
  }
  for (auto& [table, found] : more.chunks) {
    auto& all = chunks[table];
    all.insert(all.end(), found.begin(), found.end());
  }
}

ProveRows::Suspects ProveRows::prove_chunks(const BothViews& views,
                                            const std::vector<journal::ChunkRecord>& chunks,
                                            std::chrono::steady_clock::time_point until,
                                            const std::stop_token& stop) {
  Suspects suspects;
  for (const auto& copied : chunks) {
    if (std::chrono::steady_clock::now() > until || !parts_.throttle.before(until, stop)) break;
    if (stop.stop_requested()) base::throw_cancelled();
    const auto& chunk = copied.chunk;
    const auto pair = parts_.book.find(chunk.collection);
    if (!pair) continue;
    std::vector<model::Key> keys;
    try {
      keys = prove_chunk(views, *pair, copied, stop);
    } catch (const base::Error& error) {
      if (error.kind() != base::ErrorKind::data_mismatch) throw;
      // The table is not as following knows it: a change of definition is on its way.
      spdlog::warn("{} is not proved yet: {}", pair->source.name.text(), error.what());
      const std::lock_guard lock(mutex_);
      not_before_[{chunk.collection, chunk.number}] = std::chrono::steady_clock::now() + 2s;
      continue;
    }
    if (keys.empty()) continue;
    suspects.chunks[chunk.collection].push_back(chunk);
    auto& all = suspects.in_chunks[chunk.collection];
    all.insert(all.end(), keys.begin(), keys.end());
  }
  return suspects;
}

void ProveRows::settle(contract::RowReader& source, contract::RowReader& target,
                       const Suspects& suspects, const std::stop_token& stop) {
  for (const auto& [id, keys] : suspects.in_chunks) {
    const auto pair = parts_.book.find(id);
    if (!pair) continue;
    const auto confirmed = confirm(source, target, *pair, keys, stop);
    tell(*pair, confirmed);
    const std::lock_guard lock(mutex_);
    for (const auto& chunk : suspects.chunks.at(id)) {
      if (!confirmed.empty()) different_chunks_.insert({id, chunk.number});
      not_before_[{id, chunk.number}] =
          std::chrono::steady_clock::now() + (confirmed.empty() ? 1s : 10s);
    }
  }
  for (const auto& [id, keys] : suspects.dirty) {
    if (const auto pair = parts_.book.find(id)) {
      tell(*pair, confirm(source, target, *pair, keys, stop));
    }
  }
}

std::vector<model::Key> ProveRows::prove_chunk(const BothViews& views,
                                               const contract::TablePair& pair,
                                               const journal::ChunkRecord& copied,
                                               const std::stop_token& stop) {
  const model::Chunk& chunk = copied.chunk;
  const auto started = std::chrono::steady_clock::now();
  const bool has_key = !pair.source.key.empty();
  const auto [source, target, way] = has_key ? digests_by_pieces(parts_, views, pair, copied, stop)
                                             : digests_of(parts_, views, pair, chunk);
  std::vector<model::Key> different;
  if (source != target && !has_key) {
    if (parts_.ledger.known_since(pair.id, views.bracket.low)) different.emplace_back();
  } else if (source != target) {
    const auto [source_rows, target_rows] =
        on_both(views, pair, [&](contract::RowView& view, const contract::TableRef& table) {
          return view.row_digests(table, chunk, parts_.digest_key);
        });
    different = different_keys(source_rows, target_rows);
    std::erase_if(different, [&](const model::Key& key) {
      return parts_.ledger.touched_after(pair.id, key, views.bracket.low);
    });
  }
  // As large as when they were copied; digests made in the stores send none.
  const std::uint64_t bytes_a_row = copied.rows == 0 ? 0 : copied.bytes / copied.rows;
  parts_.throttle.done(source.rows, way == streamed ? source.rows * bytes_a_row : 0);
  parts_.counters.rows_proved += source.rows;
  if (!different.empty()) return different;

  model::Proof proof;
  proof.collection = pair.id;
  proof.chunk = chunk.number;
  proof.bracket = views.bracket;
  proof.applied = views.applied;
  proof.digest = source;
  proof.way = way;
  proof.at = std::chrono::system_clock::now();
  const std::lock_guard lock(parts_.proof_mutex);
  // A definition changed meanwhile, or too many keys did: not proved, and taken again.
  const auto now = parts_.book.find(pair.id);
  const bool untouched = has_key || source == target;
  const bool covered = parts_.watched.covers(pair, views.target_low);
  if (now.get() != &pair || !untouched || !covered || !parts_.ledger.add_proof(proof)) {
    if (has_key && covered) return {};
    // Read again and again as a whole, a busy table would cost too much.
    const auto took = std::chrono::steady_clock::now() - started;
    const std::lock_guard known(mutex_);
    not_before_[{pair.id, chunk.number}] =
        std::chrono::steady_clock::now() + std::max<std::chrono::nanoseconds>(1s, 4 * took);
    return {};
  }
  parts_.journal.put_proof(proof);
  const std::lock_guard known(mutex_);
  different_chunks_.erase({pair.id, chunk.number});
  return {};
}

bool ProveRows::prove_dirty_keys(const BothViews& views, Suspects& suspects,
                                 const std::stop_token& stop) {
  constexpr std::size_t keys_at_once = 2000;
  constexpr int batches = 8;
  bool any = false;
  std::map<model::CollectionId, std::unordered_set<model::Key>> asked;
  for (int batch = 0; batch < batches; ++batch) {
    if (stop.stop_requested()) base::throw_cancelled();
    auto dirty = parts_.ledger.oldest_dirty(keys_at_once);
    if (!dirty) return any;
    any = true;
    const auto pair = parts_.book.find(dirty->table);
    if (!pair) return any;
    // Those that changed since, or differ, these views cannot prove.
    std::erase_if(dirty->keys, [&](const model::Key& key) {
      return parts_.ledger.touched_after(pair->id, key, views.bracket.low) ||
             !asked[pair->id].insert(key).second;
    });
    if (dirty->keys.empty() || !prove_keys(views, *pair, dirty->keys, suspects)) return any;
  }
  return any;
}

bool ProveRows::prove_keys(const BothViews& views, const contract::TablePair& pair,
                           const std::vector<model::Key>& keys, Suspects& suspects) {
  std::vector<model::Key> different;
  try {
    const auto [source_rows, target_rows] =
        on_both(views, pair, [&](contract::RowView& view, const contract::TableRef& table) {
          return view.key_digests(table, keys, parts_.digest_key);
        });
    different = different_keys(source_rows, target_rows);
  } catch (const base::Error& error) {
    if (error.kind() != base::ErrorKind::data_mismatch) throw;
    // As in prove_chunks: the keys stay dirty.
    spdlog::warn("{} is not proved yet: {}", pair.source.name.text(), error.what());
    parts_.ledger.defer(pair.id, keys);
    return false;
  }
  const std::uint64_t rows_estimated = std::max<std::uint64_t>(pair.source.row_estimate, 1);
  parts_.throttle.done(keys.size(), keys.size() * pair.source.byte_estimate / rows_estimated);
  const std::unordered_set<model::Key> asked(keys.begin(), keys.end());
  const std::unordered_set<model::Key> differ(different.begin(), different.end());
  // A server may call two keys equal that differ in bytes: then it is not known which of those
  // asked for is meant.
  const bool all_known = std::all_of(different.begin(), different.end(),
                                     [&](const model::Key& key) { return asked.contains(key); });
  std::vector<model::Key> equal;
  std::vector<model::Key> unequal;
  for (const auto& key : keys) {
    (all_known && !differ.contains(key) ? equal : unequal).push_back(key);
  }
  {
    const std::lock_guard lock(parts_.proof_mutex);
    // Somebody may have written to the target unseen by that view: they stay dirty.
    if (!parts_.watched.covers(pair, views.target_low)) equal.clear();
    if (parts_.book.find(pair.id).get() == &pair) {
      parts_.ledger.clean(pair.id, equal, views.bracket.low, views.target_low);
    }
  }
  forgive(pair.id, equal);
  if (unequal.empty()) return true;
  parts_.ledger.defer(pair.id, unequal);
  std::erase_if(different, [&](const model::Key& key) {
    return parts_.ledger.touched_after(pair.id, key, views.bracket.low);
  });
  auto& all = suspects.dirty[pair.id];
  all.insert(all.end(), different.begin(), different.end());
  return true;
}

void ProveRows::recheck_differences(contract::RowReader& source, contract::RowReader& target,
                                    const std::stop_token& stop) {
  constexpr std::size_t keys_at_once = 2000;
  {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(mutex_);
    if (now - rechecked_at_ < 10s) return;
    rechecked_at_ = now;
  }
  for (const auto& [table, all] : differences()) {
    const auto pair = parts_.book.find(table);
    if (!pair) continue;
    std::vector<model::Key> keys(all.begin(), all.end());
    keys.resize(std::min(keys.size(), keys_at_once));
    const auto still = confirm(source, target, *pair, keys, stop);
    const std::unordered_set<model::Key> different(still.begin(), still.end());
    std::erase_if(keys, [&](const model::Key& key) { return different.contains(key); });
    if (keys.empty()) continue;
    forgive(table, keys);
    look_again(table);
  }
}

std::vector<model::Key> ProveRows::compare_without_key(const BothViews& views,
                                                       const contract::TablePair& pair) const {
  const model::Chunk whole{pair.id, 1, std::nullopt, std::nullopt};
  const ChunkDigests both = digests_of(parts_, views, pair, whole);
  if (both.source == both.target || !parts_.ledger.known_since(pair.id, views.bracket.low))
    return {};
  return {model::Key{}};
}

std::vector<model::Key> ProveRows::confirm(contract::RowReader& source, contract::RowReader& target,
                                           const contract::TablePair& pair,
                                           std::vector<model::Key> suspects,
                                           const std::stop_token& stop) {
  constexpr std::size_t most = 10'000;  // beyond that, the count no longer helps anybody
  suspects.resize(std::min(most, suspects.size()));
  // A target that lost transactions in a crash differs for that reason.
  (void)load_progress(parts_, stop);
  for (std::uint32_t i = 0; i < parts_.limits.recheck_times && !suspects.empty(); ++i) {
    sleep_for(std::chrono::milliseconds(parts_.limits.recheck_wait_ms), stop);
    const auto views = open_both_views(source, target, parts_.gate, stop);
    const auto definition = views.source->definition(pair.source.name);
    const auto now = parts_.book.find(pair.id);
    if (!definition || !pair.source.takes_rows_of(*definition) || now.get() != &pair) return {};
    if (pair.source.key.empty()) {
      suspects = compare_without_key(views, pair);
      continue;
    }
    const auto [source_rows, target_rows] =
        on_both(views, pair, [&](contract::RowView& view, const contract::TableRef& table) {
          return view.key_digests(table, suspects, parts_.digest_key);
        });
    suspects = different_keys(source_rows, target_rows);
    std::erase_if(suspects, [&](const model::Key& key) {
      return parts_.ledger.touched_after(pair.id, key, views.bracket.low);
    });
  }
  return suspects;
}

void ProveRows::tell(const contract::TablePair& pair, const std::vector<model::Key>& keys) {
  constexpr std::size_t listed = 1000;
  std::size_t known = 0;
  for (const auto& key : keys) {
    {
      const std::lock_guard lock(mutex_);
      auto& mine = different_[pair.id];
      if (!mine.insert(key).second) continue;
      known = mine.size();
    }
    if (known > listed) continue;
    spdlog::error("different: {}", subject(pair, key));
    parts_.journal.open_finding(
        {model::Severity::blocker, std::string(difference_code), subject(pair, key),
         pair.source.key.empty()
             ? "its rows are not the same on both sides, seen twice while nothing was changing them"
             : "the row is not the same on both sides, seen twice while nothing was changing it",
         "find out who writes to the target; `wherry repair --dry-run` shows what would mend it"});
  }
}

void ProveRows::forgive(model::CollectionId table, const std::vector<model::Key>& keys) {
  const auto pair = parts_.book.find(table);
  std::vector<model::Key> mended;
  {
    const std::lock_guard lock(mutex_);
    const auto it = different_.find(table);
    if (it == different_.end()) return;
    for (const auto& key : keys) {
      if (it->second.erase(key) != 0) mended.push_back(key);
    }
    if (it->second.empty()) different_.erase(it);
  }
  for (const auto& key : mended) {
    if (pair) parts_.journal.close_findings(std::string(difference_code), subject(*pair, key));
  }
}

void ProveRows::start_over() {
  const std::lock_guard lock(mutex_);
  not_before_.clear();
  different_chunks_.clear();
}

DifferentKeys ProveRows::differences() const {
  const std::lock_guard lock(mutex_);
  return different_;
}

std::map<model::CollectionId, std::uint64_t> ProveRows::different_chunks() const {
  const std::lock_guard lock(mutex_);
  std::map<model::CollectionId, std::uint64_t> counts;
  for (const auto& [table, chunk] : different_chunks_) ++counts[table];
  return counts;
}

void ProveRows::look_again(model::CollectionId table) {
  const std::lock_guard lock(mutex_);
  std::erase_if(not_before_, [&](const auto& entry) { return entry.first.first == table; });
  rechecked_at_ = {};
  ++parts_.unproved_version;
}

}  // namespace wherry::engine
