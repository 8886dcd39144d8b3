#pragma once
// Tables that tools for online changes (gh-ost, pt-online-schema-change) make beside a table, to
// take its place by a RENAME: `_t_gho`, `_t_ghc`, `_t_del`, `_t_new`, `_t_old`. They go where their
// table goes: what is in one of them will be the table. Pure.

#include <optional>
#include <string>
#include <string_view>

#include "contract/row_store.h"

namespace wherry::stores::mysql {

// The table that one of this name stands beside, by its name alone.
std::optional<std::string> original_of(std::string_view name);

// Chooses the ghosts of chosen tables as well.
contract::TableFilter with_ghosts(const contract::TableFilter& filter);

}  // namespace wherry::stores::mysql
