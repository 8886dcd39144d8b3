#pragma once
// What a person has to do beside the statements of an undo script. Pure.

#include <string>
#include <string_view>

namespace wherry::guards {

// In a form that the client of every SQL server passes over, whatever the commands hold. `how` is
// one line.
std::string by_hand(std::string_view how, std::string_view commands);

}  // namespace wherry::guards
