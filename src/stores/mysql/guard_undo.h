#pragma once
// What the guards of this store have in common when they are lowered.

#include <string>
#include <string_view>

#include "base/error.h"
#include "contract/guard.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Runs all its statements: what one object cannot get back any more, another still can. Why the
// server refused the first of those that it refused; "" if none. Throws what is not a refusal.
[[nodiscard]] std::string run_undo(Connection& connection, const contract::GuardUndo& undo);

// `refusal` as run_undo() said.
[[nodiscard]] base::Error not_restored(std::string_view guard, const std::string& difference,
                                       const std::string& refusal);
[[noreturn]] void throw_undo_damaged(std::string_view guard);

}  // namespace wherry::stores::mysql
