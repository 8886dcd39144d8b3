#pragma once
// Both sides' listings of a key range, merged by key order, a page of each in memory.
// Thread-safety: one thread. Errors are those of the readers.

#include <functional>
#include <optional>

#include "contract/object_store.h"

namespace wherry::engine {

class ObjectMerge {
 public:
  using Tell = std::function<void(const model::Finding&)>;
  struct Range {
    std::optional<model::Key> after;
    std::optional<model::Key> through;
  };

  // All is borrowed. `tell` gets the source's findings.
  ObjectMerge(const contract::ObjectStore& order, contract::ObjectReader& source,
              contract::ObjectReader& target, Range range, std::size_t page, Tell tell);

  // Moves to the next key; false at the end. Then at least one side has an object of that key.
  bool next();
  const contract::ObjectInfo* source() const { return on_source_ ? source_.at() : nullptr; }
  const contract::ObjectInfo* target() const { return on_target_ ? target_.at() : nullptr; }

  // So far, nothing of the side's range was left out of its listing.
  bool source_complete() const { return source_.complete; }
  bool target_complete() const { return target_.complete; }

 private:
  struct Side {
    explicit Side(contract::ObjectReader& from) : reader(from) {}
    contract::ObjectReader& reader;
    contract::ObjectPage page{};
    std::size_t index = 0;
    std::string sort{};
    bool complete = true;
    const contract::ObjectInfo* at() const {
      return index < page.objects.size() ? &page.objects[index] : nullptr;
    }
  };
  void load(Side& side, bool tell);
  void advance(Side& side, bool tell);

  const contract::ObjectStore& order_;
  Range range_;
  std::size_t page_;
  Tell tell_;
  Side source_;
  Side target_;
  bool started_ = false;
  bool on_source_ = false;
  bool on_target_ = false;
};

}  // namespace wherry::engine
