#pragma once
// The statements that open a side again, for a person who has the store's own client and no Wherry.
// Pure.

#include <string>
#include <string_view>
#include <vector>

#include "engine/guarded_side.h"
#include "engine/states.h"

namespace wherry::engine {

// A file of statements. `server` as the store describes itself; `undos` in the order in which the
// guards were raised. There is no secret in it.
std::string undo_script(Side side, std::string_view server, const std::vector<NamedUndo>& undos);

}  // namespace wherry::engine
