#include "engine/copy_objects.h"

#include <atomic>
#include <vector>

#include "base/error.h"
#include "engine/object_compare.h"
#include "engine/object_merge.h"
#include "engine/object_tries.h"

namespace wherry::engine {

using contract::ObjectInfo;
using contract::ObjectKind;

namespace {

// Counts what is read, keeps to the limits, and ends on stop.
class MeteredBody final : public contract::ObjectBody {
 public:
  MeteredBody(ObjectParts& parts, contract::ObjectBody& body, const std::stop_token& stop)
      : parts_(parts), body_(body), stop_(stop) {}
  std::optional<Piece> read(std::span<char> into) override {
    if (stop_.stop_requested()) base::throw_cancelled();
    parts_.throttle.before(stop_);
    const auto piece = body_.read(into);
    if (!piece) return piece;
    parts_.throttle.done(0, piece->size);
    parts_.counters.bytes_copied += piece->size;
    return piece;
  }

 private:
  ObjectParts& parts_;
  contract::ObjectBody& body_;
  const std::stop_token& stop_;
};

void put(ObjectParts& parts, contract::ObjectReader& reader, contract::ObjectWriter& writer,
         const ObjectInfo& object, const std::stop_token& stop) {
  if (object.kind != ObjectKind::content) return writer.make(object);
  const auto body = reader.open(object);
  MeteredBody metered(parts, *body, stop);
  writer.put(object, metered);
}

class ChunkCopier {
 public:
  ChunkCopier(ObjectParts& parts, const std::stop_token& stop)
      : parts_(parts),
        stop_(stop),
        lister_(parts.source.reader()),
        reader_(parts.source.reader()),
        target_(parts.target.reader()),
        writer_(parts.target.writer()) {}

  void copy(const model::Chunk& chunk) {
    journal::ChunkRecord record{chunk, true, {}, 0, 0};
    ObjectMerge merge(parts_.source, *lister_, *target_, {chunk.after, chunk.through},
                      parts_.options.page_objects,
                      [&](const model::Finding& f) { parts_.findings.tell(f); });
    while (merge.next()) {
      if (stop_.stop_requested()) base::throw_cancelled();
      const ObjectInfo* const source = merge.source();
      if (source == nullptr) continue;
      parts_.throttle.before(stop_);
      copy_one(*source, merge.target());
      parts_.throttle.done(1, 0);
      ++record.rows;
      ++parts_.counters.rows_copied;
      record.bytes += source->size;
    }
    writer_->sync();
    parts_.journal.chunk_done(record);
  }

 private:
  void copy_one(const ObjectInfo& source, const ObjectInfo* target) {
    // Further names are linked when their leaders are there.
    if (parts_.source_links.leader(source)) return;
    // Only what is one object there too may be left as it is.
    const bool alone = target != nullptr && !parts_.target_links.leader(*target);
    const bool directory = source.kind == ObjectKind::directory;
    if (alone && source.kind == target->kind && (directory || looks_same(source, *target))) return;
    const bool content_stays = alone && source.kind == ObjectKind::content &&
                               target->kind == source.kind && source.size == target->size &&
                               source.modified_ns == target->modified_ns;
    try_object(parts_, *reader_, source, stop_, [&](const ObjectInfo& object) {
      if (content_stays && object.version == source.version) return writer_->set_attributes(object);
      put(parts_, *reader_, *writer_, object, stop_);
    });
  }

  ObjectParts& parts_;
  const std::stop_token& stop_;
  std::unique_ptr<contract::ObjectReader> lister_;
  std::unique_ptr<contract::ObjectReader> reader_;
  std::unique_ptr<contract::ObjectReader> target_;
  std::unique_ptr<contract::ObjectWriter> writer_;
};

}  // namespace

void copy_objects(ObjectParts& parts, const std::stop_token& stop) {
  std::vector<model::Chunk> waiting;
  for (const auto& record : parts.journal.chunks(ObjectParts::tree)) {
    if (!record.done) waiting.push_back(record.chunk);
  }
  std::atomic<std::size_t> next = 0;
  for_each_of_several(parts.limits.threads, stop, [&](const std::stop_token& token) {
    ChunkCopier copier(parts, token);
    while (true) {
      parts.wait_while_paused(token);
      const std::size_t index = next++;
      if (index >= waiting.size()) return;
      copier.copy(waiting[index]);
    }
  });
}

void finish_tree(ObjectParts& parts, const std::stop_token& stop) {
  struct Open {
    ObjectInfo directory;
    bool differs = false;
  };
  std::vector<Open> open;  // from the outermost to the one that the walk is in
  const auto lister = parts.source.reader();
  const auto reader = parts.source.reader();
  const auto target = parts.target.reader();
  const auto writer = parts.target.writer();
  const auto close_last = [&] {
    if (open.back().differs) {
      try_object(parts, *reader, open.back().directory, stop,
                 [&](const ObjectInfo& object) { writer->set_attributes(object); });
    }
    open.pop_back();
  };
  parts.target_links.clear();
  ObjectMerge merge(parts.source, *lister, *target, {}, parts.options.page_objects,
                    [&](const model::Finding& f) { parts.findings.tell(f); });
  while (merge.next()) {
    if (stop.stop_requested()) base::throw_cancelled();
    const ObjectInfo* const there = merge.target();
    if (there != nullptr) parts.target_links.add(*there);
    const ObjectInfo* const source = merge.source();
    if (source == nullptr) continue;
    const auto parent = parts.source.parent(source->key);
    while (!open.empty() && open.back().directory.key != parent) close_last();
    if (source->kind == ObjectKind::directory) {
      open.push_back({*source, there == nullptr || !looks_same(*source, *there)});
      continue;
    }
    const auto leader = parts.source_links.leader(*source);
    if (!leader || (there != nullptr && parts.target_links.leader(*there) == leader)) continue;
    try_object(parts, *reader, *source, stop,
               [&](const ObjectInfo& object) { writer->link(*leader, object.key); });
    if (!open.empty()) open.back().differs = true;
  }
  while (!open.empty()) close_last();
  writer->sync();
}

void copy_again(ObjectParts& parts, contract::ObjectReader& reader, contract::ObjectWriter& writer,
                const model::Key& key, const std::stop_token& stop) {
  const auto found = reader.find(key);
  if (!found) return;
  try_object(parts, reader, *found, stop, [&](const ObjectInfo& object) {
    const auto leader = parts.source_links.leader(object);
    if (leader) return writer.link(*leader, object.key);
    put(parts, reader, writer, object, stop);
    if (object.kind == ObjectKind::directory) writer.set_attributes(object);
  });
  const auto parent = parts.source.parent(key);
  const auto directory = parent ? reader.find(*parent) : std::nullopt;
  if (!directory) return;
  try_object(parts, reader, *directory, stop,
             [&](const ObjectInfo& object) { writer.set_attributes(object); });
}

}  // namespace wherry::engine
