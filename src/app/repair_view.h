#pragma once
// What `repair` did or would do, as a document and as lines. Pure functions.

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/any_migration.h"

namespace wherry::app {

nlohmann::json repair_document(const std::vector<engine::Repaired>& repaired, bool dry_run);
std::vector<std::string> repair_lines(const nlohmann::json& document);

}  // namespace wherry::app
