#include "engine/object_survey.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "base/error.h"
#include "engine/object_merge.h"

namespace wherry::engine {

using contract::ObjectInfo;
using contract::ObjectKind;
using model::Severity;

namespace {

// Cuts chunks behind what the journal has of them.
class Cutter {
 public:
  explicit Cutter(ObjectParts& parts) : parts_(parts) {
    const auto tables = parts.journal.tables();
    if (tables.at(0).planned) return;
    cutting_ = true;
    next_.collection = ObjectParts::tree;
    next_.number = static_cast<std::uint32_t>(parts.journal.chunks(ObjectParts::tree).size()) + 1;
    next_.after = tables.at(0).planned_through;
    if (next_.after) after_ = parts.source.sort_bytes(*next_.after);
  }

  void add(const ObjectInfo& object) {
    if (!cutting_ || (after_ && parts_.source.sort_bytes(object.key) <= *after_)) return;
    ++objects_;
    bytes_ += object.size;
    if (objects_ < parts_.options.chunk_objects && bytes_ < parts_.options.chunk_bytes) return;
    next_.through = object.key;
    parts_.journal.plan_chunk(next_, false);
    next_.after = std::exchange(next_.through, std::nullopt);
    ++next_.number;
    objects_ = bytes_ = 0;
  }

  void end() {
    if (cutting_) parts_.journal.plan_chunk(next_, true);
  }

 private:
  ObjectParts& parts_;
  bool cutting_ = false;
  model::Chunk next_;
  std::optional<std::string> after_;
  std::uint64_t objects_ = 0;
  std::uint64_t bytes_ = 0;
};

class Surveyor {
 public:
  Surveyor(ObjectParts& parts, SurveyFor purpose)
      : parts_(parts), running_(purpose == SurveyFor::running) {
    if (!running_) return;
    writer_ = parts.target.writer();
    cutter_.emplace(parts);
  }

  void source(const ObjectInfo& object) {
    ++out_.objects;
    out_.bytes += object.size;
    if (cutter_) cutter_->add(object);
    if (!parts_.source_links.add(object)) {
      parts_.findings.tell({Severity::warning, "object.too_many_links",
                            parts_.source.text(object.key),
                            "the tree has more groups of hard links than are kept track of: this "
                            "name becomes an object of its own",
                            "link it on the target if that matters"});
    }
  }

  void both(const ObjectInfo& on_source, const ObjectInfo& on_target) {
    if (!running_ ||
        (on_source.kind == ObjectKind::directory) == (on_target.kind == ObjectKind::directory)) {
      return;
    }
    if (on_source.kind == ObjectKind::directory) {
      writer_->remove(on_target.key);  // the directory is made when it is copied
    } else {
      to_delete(on_target);
    }
  }

  // Ours, so it is removed whatever `deletes` says. May be a further name of a linked object, and
  // then must not be taken for one of the group.
  bool is_leftover(const ObjectInfo& object) {
    if (object.kind == ObjectKind::directory || !parts_.target.is_leftover(object.key))
      return false;
    if (running_) writer_->remove(object.key);
    return true;
  }

  void extra(const ObjectInfo& object) {
    ++out_.extra;
    if (example_.empty()) example_ = parts_.target.text(object.key);
    to_delete(object);
  }

  // All was seen.
  Survey end(bool source_complete) {
    if (cutter_) cutter_->end();
    if (running_ && parts_.options.propagate_deletes && deletes_ != 0) {
      if (source_complete) {
        delete_all();
      } else {
        parts_.findings.tell({Severity::warning, "deletes.withheld", "target",
                              "nothing was deleted, because not all of the source could be listed",
                              "mend what stands in the way of listing it, then run again"});
      }
    }
    if (out_.extra > out_.removed) {
      parts_.findings.tell({Severity::warning, "object.extra", "target",
                            std::to_string(out_.extra - out_.removed) +
                                " objects are on the target only, the first is " + example_ +
                                "; proofs say nothing about them",
                            "remove them, or set `deletes: propagate` in the target"});
    }
    return out_;
  }

 private:
  void to_delete(const ObjectInfo& object) {
    if (!running_ || !parts_.options.propagate_deletes) return;
    ++deletes_;
    if (deletes_ <= parts_.options.max_deletes) doomed_.push_back(object.key);
  }

  void delete_all() {
    if (deletes_ > parts_.options.max_deletes) {
      throw base::Error(base::ErrorKind::rejected, "deletes.cap",
                        std::to_string(deletes_) +
                            " objects would be deleted on the target, more "
                            "than max_deletes allows (" +
                            std::to_string(parts_.options.max_deletes) + "); nothing was deleted",
                        "is the source what it should be? If so, raise max_deletes");
    }
    // What is in a directory comes after it.
    for (auto it = doomed_.rbegin(); it != doomed_.rend(); ++it) {
      try {
        writer_->remove(*it);
        ++out_.removed;
      } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::not_supported) throw;
        parts_.findings.tell({Severity::blocker, "object.not_deleted", parts_.target.text(*it),
                              error.message(), "remove it by hand, or run again"});
      }
    }
    spdlog::info("{} objects deleted on the target", out_.removed);
  }

  ObjectParts& parts_;
  bool running_;
  std::unique_ptr<contract::ObjectWriter> writer_{};
  std::optional<Cutter> cutter_{};
  Survey out_{};
  std::string example_{};
  std::uint64_t deletes_ = 0;
  std::vector<model::Key> doomed_{};  // in key order; bounded by max_deletes
};

}  // namespace

Survey survey(ObjectParts& parts, SurveyFor purpose, const std::stop_token& stop) {
  parts.source_links.clear();
  parts.target_links.clear();
  const auto source = parts.source.reader();
  const auto target = parts.target.reader();
  Surveyor surveyor(parts, purpose);
  ObjectMerge merge(parts.source, *source, *target, {}, parts.options.page_objects,
                    [&](const model::Finding& f) { parts.findings.tell(f); });
  while (merge.next()) {
    if (stop.stop_requested()) base::throw_cancelled();
    const auto* on_source = merge.source();
    const auto* on_target = merge.target();
    if (on_source != nullptr) surveyor.source(*on_source);
    if (on_source == nullptr && surveyor.is_leftover(*on_target)) continue;
    if (on_target != nullptr) parts.target_links.add(*on_target);
    if (on_source != nullptr && on_target != nullptr) surveyor.both(*on_source, *on_target);
    if (on_source == nullptr) surveyor.extra(*on_target);
  }
  return surveyor.end(merge.source_complete());
}

}  // namespace wherry::engine
