#include "engine/object_merge.h"

#include <utility>

namespace wherry::engine {

ObjectMerge::ObjectMerge(const contract::ObjectStore& order, contract::ObjectReader& source,
                         contract::ObjectReader& target, Range range, std::size_t page, Tell tell)
    : order_(order),
      range_(std::move(range)),
      page_(page),
      tell_(std::move(tell)),
      source_(source),
      target_(target) {}

void ObjectMerge::load(Side& side, bool tell) {
  std::optional<model::Key> after = range_.after;
  if (!side.page.objects.empty()) after = side.page.objects.back().key;
  side.page = side.reader.list(after, range_.through, page_);
  side.index = 0;
  side.complete = side.complete && side.page.complete;
  if (!tell) return;
  for (const auto& finding : side.page.findings) tell_(finding);
}

void ObjectMerge::advance(Side& side, bool tell) {
  if (side.at() != nullptr) ++side.index;
  if (side.at() == nullptr && !side.page.end) load(side, tell);
  if (side.at() != nullptr) side.sort = order_.sort_bytes(side.at()->key);
}

bool ObjectMerge::next() {
  if (!started_ || on_source_) advance(source_, true);
  if (!started_ || on_target_) advance(target_, false);
  started_ = true;
  const bool source = source_.at() != nullptr;
  const bool target = target_.at() != nullptr;
  on_source_ = source && (!target || source_.sort <= target_.sort);
  on_target_ = target && (!source || target_.sort <= source_.sort);
  return source || target;
}

}  // namespace wherry::engine
