#pragma once
// Comparing the digests of both sides' rows. Pure functions.

#include <vector>

#include "contract/row_reader.h"

namespace wherry::engine {

// Keys whose row is missing on one side or has another digest there, each once.
std::vector<model::Key> different_keys(const std::vector<contract::RowDigest>& source,
                                       const std::vector<contract::RowDigest>& target);

}  // namespace wherry::engine
