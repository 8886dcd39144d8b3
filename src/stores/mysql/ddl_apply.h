#pragma once
// Applies a planned change of definition exactly once, although it commits by itself. What the
// tables are before it, and what they must be after it, is committed in `_wherry`.`ddl` first;
// whoever comes after a crash compares and knows whether to run the statement. The whole is done
// under a lock by name: a statement that a killed Wherry left running on the server is waited for.
//
//   no intent        → learn, write the intent                     → intent
//   intent           → tables as before: empty those that are copied again, run the statement → ran
//                    → tables as expected                          → ran
//                    → neither: Error(data_mismatch, "ddl.unknown_state")
//   ran              → done, the chunks of tables that are copied again are gone, and the stream's
//                      position: one transaction
//
// Where before and expected are the same (TRUNCATE, a rebuild) the statement is run again: nothing
// was written to its tables since, as the stream stands still.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "contract/row_store.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

class Source;

// As contract::DdlTarget::learn() and apply().
std::optional<std::string> learn_ddl(Connection& connection, const contract::Fence& fence,
                                     Source& source, const contract::DdlPlan& plan,
                                     const model::DdlEvent& event,
                                     const contract::TableRoute& route,
                                     const contract::WindowMark& mark);
void apply_ddl(Connection& connection, const contract::Fence& fence, const contract::DdlPlan& plan,
               const model::DdlEvent& event, const contract::TableRoute& route,
               const contract::WindowMark& mark, const std::vector<contract::TablePair>& again);

// The lock that changes of definition of one migration are made under, and for how long another
// one's statement is waited for: the longest ALTER may run that long.
std::string ddl_lock_name(const std::string& migration);
inline constexpr std::chrono::seconds ddl_lock_patience{7 * 24 * 3600};

// Whether the table was there before the changes that are being applied, on behalf of any
// migration.
bool existed_before_pending(Connection& connection, const model::CollectionName& table);

}  // namespace wherry::stores::mysql
