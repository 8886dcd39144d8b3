#pragma once
// A list of triggers and events as it is kept in the journal. Pure.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "contract/schema_objects.h"

namespace wherry::engine {

nlohmann::json held_back_json(const std::vector<contract::HeldBack>& list);
// Throws Error(internal, "journal.damaged").
std::vector<contract::HeldBack> held_back_from(const nlohmann::json& list);

}  // namespace wherry::engine
