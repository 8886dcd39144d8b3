#pragma once
// What the phases of a tree migration share. Owned by TreeMigration, which outlives them all. Each
// member says itself whether it is thread-safe.

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/digest.h"
#include "contract/object_store.h"
#include "engine/counters.h"
#include "engine/limits.h"
#include "engine/object_findings.h"
#include "engine/object_links.h"
#include "engine/throttle.h"
#include "journal/journal.h"

namespace wherry::engine {

struct TreeOptions {
  std::string name;
  std::string source;  // of the collections, as people know them
  std::string target;
  bool propagate_deletes = false;
  std::uint64_t max_deletes = 1000;  // more than that in one run stops it before the first
  std::uint64_t chunk_objects = 2000;
  std::uint64_t chunk_bytes = 256U << 20U;
  std::size_t page_objects = 1000;  // listed at once
  std::size_t link_groups = 1'000'000;
};

struct ObjectParts {
  static constexpr model::CollectionId tree = 1;  // a migration moves one

  contract::ObjectStore& source;
  contract::ObjectStore& target;
  journal::Journal& journal;
  const Limits& limits;
  const TreeOptions& options;
  base::DigestKey digest_key;

  ObjectFindings findings{journal};
  // As of the last survey; only read while several threads run.
  LinkGroups source_links{options.link_groups};
  LinkGroups target_links{options.link_groups};
  Counters counters{};
  Throttle throttle{limits.rows_per_second, limits.bytes_per_second, counters};
  // Returns when work may go on; throws Error(cancelled) on stop.
  std::function<void(const std::stop_token&)> wait_while_paused{};
};

}  // namespace wherry::engine
