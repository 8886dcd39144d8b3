#pragma once
// What `wherry rehearse` tells people, from the document that --json prints.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace wherry::app {

std::vector<std::string> rehearsal_lines(const nlohmann::json& view);
// What the last one left.
std::vector<std::string> tidied_lines(const nlohmann::json& last);

}  // namespace wherry::app
