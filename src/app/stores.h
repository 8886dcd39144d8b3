#pragma once
// The stores there are: the one place that names concrete ones. An explicit table; what a store
// cannot be is null there, and `wherry stores` prints it.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/migration.h"
#include "contract/foreign_writes.h"
#include "contract/guard.h"
#include "contract/object_store.h"
#include "contract/rehearsal.h"
#include "contract/row_store.h"
#include "contract/schema_objects.h"
#include "contract/sequences.h"
#include "engine/states.h"

namespace wherry::app {

struct RowSourceParts {
  std::unique_ptr<contract::RowSource> source;
  contract::CounterSource* counters = nullptr;  // owned by `source`; null: it has none
  contract::KeptLog* kept_log = nullptr;        // as `counters`; null: it has none, or keeps all
};

struct RowTargetParts {
  std::unique_ptr<contract::RowTarget> target;
  contract::DdlTarget* ddl =
      nullptr;  // owned by `target`; null: definitions cannot change in mid-stream
  contract::SchemaObjects* objects = nullptr;  // as `ddl`; null: nothing but tables is moved
  contract::WatchedTarget* watched =
      nullptr;  // as `ddl`; null: writes of others are found by new proofs only
  contract::CounterTarget* counters = nullptr;      // as `ddl`; null: nothing counts up by itself
  contract::RehearsalTarget* rehearsals = nullptr;  // as `ddl`; null: there are none
};

// The guards that are configured for a server, in the order in which they are raised.
using Guards = std::vector<std::unique_ptr<contract::Guard>>;

struct StoreKind {
  std::string_view name;
  std::string_view what;
  // Null = this kind of store cannot do that.
  RowSourceParts (*row_source)(const config::Migration&) = nullptr;
  RowTargetParts (*row_target)(const config::Migration&) = nullptr;
  bool follows_changes = false;
  std::unique_ptr<contract::ObjectStore> (*object_store)(const config::Store&) = nullptr;
  // Of one of a migration's servers, which is asked who it is.
  Guards (*guards)(const config::Migration&, engine::Side, contract::RowSource&) = nullptr;

  bool is_source() const { return row_source != nullptr || object_store != nullptr; }
  bool is_target() const { return row_target != nullptr || object_store != nullptr; }
};

std::span<const StoreKind> stores();
// By the name that the configuration uses.
const StoreKind& store_of(const config::Store& store);

}  // namespace wherry::app
