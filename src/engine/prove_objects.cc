#include "engine/prove_objects.h"

#include <chrono>
#include <optional>
#include <utility>

#include "base/error.h"
#include "engine/object_compare.h"
#include "engine/object_merge.h"

namespace wherry::engine {

using contract::ObjectInfo;
using contract::ObjectKind;

namespace {

constexpr std::size_t buffer_bytes = 1U << 20U;

}  // namespace

ObjectProver::ObjectProver(ObjectParts& parts)
    : parts_(parts),
      source_content_(parts.source.reader()),
      target_content_(parts.target.reader()),
      buffer_(buffer_bytes) {}

base::Digest ObjectProver::digest_content(contract::ObjectReader& reader, const ObjectInfo& object,
                                          const std::stop_token& stop) {
  const auto body = reader.open(object);
  base::StreamHasher hasher(parts_.digest_key);
  std::uint64_t at = 0;
  while (const auto piece = body->read(buffer_)) {
    if (stop.stop_requested()) base::throw_cancelled();
    hasher.add_zeros(piece->offset - at);
    hasher.add({buffer_.data(), piece->size});
    at = piece->offset + piece->size;
    parts_.throttle.done(0, piece->size);
    parts_.throttle.before(stop);
  }
  hasher.add_zeros(object.size - at);
  return hasher.finish();
}

void ObjectProver::compare(const ObjectInfo& source, const ObjectInfo* target,
                           ChunkVerdict& verdict, const std::stop_token& stop) {
  const auto differs = [&](std::string what) {
    verdict.differences.push_back({source.key, std::move(what)});
  };
  if (target == nullptr) return differs("missing");
  if (!looks_same(source, *target)) return differs(differs_in(source, *target));
  const auto leader = parts_.source_links.leader(source);
  const auto there = parts_.target_links.leader(*target);
  if (leader != there) return differs("hard link");
  std::optional<base::Digest> here;
  std::optional<base::Digest> over_there;
  if (source.kind == ObjectKind::content && !leader) {
    here = digest_content(*source_content_, source, stop);
    over_there = digest_content(*target_content_, *target, stop);
  }
  const auto one = digest_object(parts_.digest_key, source, leader, here);
  if (one != digest_object(parts_.digest_key, *target, there, over_there))
    return differs("content");
  verdict.digest.sum += one;
  ++verdict.digest.rows;
}

ChunkVerdict ObjectProver::look(const model::Chunk& chunk, const std::stop_token& stop) {
  ChunkVerdict verdict;
  // Listed anew each time: nothing is known of either side from before.
  const auto source = parts_.source.reader();
  const auto target = parts_.target.reader();
  ObjectMerge merge(parts_.source, *source, *target, {chunk.after, chunk.through},
                    parts_.options.page_objects,
                    [&](const model::Finding& f) { parts_.findings.tell(f); });
  while (merge.next()) {
    if (stop.stop_requested()) base::throw_cancelled();
    if (merge.source() == nullptr) continue;
    try {
      compare(*merge.source(), merge.target(), verdict, stop);
    } catch (const base::Error& error) {
      switch (error.kind()) {
        case base::ErrorKind::data_mismatch:
          // It changed under the reading: unlike what was copied, as far as anybody knows.
          verdict.differences.push_back({merge.source()->key, "changed while it was compared"});
          break;
        case base::ErrorKind::not_supported:
          verdict.unknown = true;
          parts_.findings.tell({model::Severity::blocker, "object.not_compared",
                                parts_.source.text(merge.source()->key), error.message(),
                                "mend what stands in the way, then run again"});
          break;
        default:
          throw;
      }
    }
    ++parts_.counters.rows_proved;
  }
  verdict.unknown = verdict.unknown || !merge.source_complete() || !merge.target_complete();
  return verdict;
}

model::Proof proof_of(const model::Chunk& chunk, const ChunkVerdict& verdict) {
  model::Proof proof;
  proof.collection = chunk.collection;
  proof.chunk = chunk.number;
  proof.digest = verdict.digest;
  proof.way = object_way;
  proof.at = std::chrono::system_clock::now();
  return proof;
}

}  // namespace wherry::engine
