#pragma once
// What the phases of a row migration share. Owned by Migration, which outlives them all; each
// member says itself whether it is thread-safe.

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "contract/row_store.h"
#include "contract/schema_objects.h"
#include "engine/cascades.h"
#include "engine/counters.h"
#include "engine/follow_gate.h"
#include "engine/limits.h"
#include "engine/source_turns.h"
#include "engine/table_book.h"
#include "engine/throttle.h"
#include "engine/watched_tables.h"
#include "engine/window.h"
#include "journal/journal.h"
#include "ledger/ledger.h"

namespace wherry::engine {

enum class DdlAction { apply, stop, ignore };
// By what the statement is, in the words of DdlPlan::what ("alter table").
using DdlPolicy = std::function<DdlAction(const std::string& what)>;

struct Parts {
  contract::RowSource& source;
  contract::RowTarget& target;
  contract::DdlTarget* ddl;  // null: a change of definition stops the migration
  journal::Journal& journal;
  const Limits& limits;
  contract::TableFilter filter;
  contract::TableRoute route;
  DdlPolicy ddl_policy;
  base::DigestKey digest_key;
  contract::Fence fence;

  // Set when no phase runs: whose log positions are of, as TargetProgress::source says; nothing
  // before that was asked for.
  std::optional<std::string> followed{};

  contract::SchemaObjects* objects = nullptr;  // null: the stores have nothing but tables
  ledger::Ledger ledger{limits.dirty_bytes};
  TableBook book{};
  CascadeBook cascades{};
  FollowGate gate{};
  Counters counters{};
  Throttle throttle{limits.rows_per_second, limits.bytes_per_second, counters};
  SourceTurns turns{limits, counters};
  // Shared while a chunk is written to the table that bears its name; else while names change.
  std::shared_mutex names{};
  // Guards "this proof still holds": taken to add a proof or a difference, and to void them (DDL,
  // overflow).
  std::mutex proof_mutex{};
  WatchedTables watched{};  // guarded by it too
  std::mutex
      window_mutex{};  // of the next line, and of the order in which the ledger hears of windows
  std::atomic<std::uint64_t> last_window{0};       // the greatest window number used
  std::atomic<std::uint64_t> chunks_on_target{0};  // marks that were committed there
  // Windows of repairs that were recorded and may not be committed: the dirty keys of windows
  // before them are to be kept.
  std::atomic<int> rewrites{0};
  // Grows when there may be chunks to prove that were not there before.
  std::atomic<std::uint64_t> unproved_version{0};
};

// The code of the error that says: what was committed on the target is gone; look at it anew
// (Migration::restore).
inline constexpr std::string_view target_went_back = "target.went_back";
// … and of the one that says: the target stands behind a change of definition after which tables
// are copied again; take that over (Migration::restore).
inline constexpr std::string_view copied_again = "ddl.copied_again";

// What the target knows now. Throws Error(data_mismatch, target_went_back) if that is less than was
// committed there: it lost its last transactions in a crash, or a replica of it has taken its
// place. Call it after opening each writer: a crash before is seen here, one after breaks the
// writer.
contract::TargetProgress load_progress(const Parts& parts, const std::stop_token& stop);

// Gives a window its number and makes its keys dirty, before it commits: too many dirty keys are
// harmless, too few are not. A table touched as a whole loses its proofs.
contract::WindowMark record_window(Parts& parts, const model::Position& end, Touched touched);
// The same for what others touched on the target, in a transaction that ends at `end` of the
// target's log. Returns the number under which the ledger knows it: it is no window of the
// target's.
std::uint64_t record_foreign(Parts& parts, const model::Position& end, const Touched& touched);
// Windows up to this number may be forgotten on the target.
std::uint64_t forget_through(const Parts& parts);

void void_all_proofs(Parts& parts);

// At the start: the keys of the windows that the target keeps are dirty again; not those of before
// a table was copied again, which may be keys of another kind.
void recall_dirty_keys(Parts& parts, const contract::TargetProgress& progress);
// The journal's fact that tells the window with which a table had to be copied again.
std::string copied_again_fact(model::CollectionId table);

// The table's chunks are written while following stands at the place of their read, and leave
// nothing else in their range: children of cascades, and tables without a key.
bool copied_exactly(const Parts& parts, const contract::TablePair& pair);
// The table is one chunk, copied exactly.
bool copied_whole(const Parts& parts, const contract::TablePair& pair);
// The tables that an exact view of this one has to be exact about, by their names on the source.
std::vector<model::CollectionName> exact_with(const Parts& parts, const contract::TablePair& pair);

}  // namespace wherry::engine
