#include "engine/compare_rows.h"

#include <unordered_map>

namespace wherry::engine {

std::vector<model::Key> different_keys(const std::vector<contract::RowDigest>& source,
                                       const std::vector<contract::RowDigest>& target) {
  std::unordered_map<model::Key, base::Digest> unmatched;
  unmatched.reserve(source.size());
  for (const auto& row : source) unmatched.emplace(row.key, row.digest);
  std::vector<model::Key> different;
  for (const auto& row : target) {
    const auto it = unmatched.find(row.key);
    if (it == unmatched.end()) {
      different.push_back(row.key);
      continue;
    }
    if (it->second != row.digest) different.push_back(row.key);
    unmatched.erase(it);
  }
  for (const auto& [key, digest] : unmatched) different.push_back(key);
  return different;
}

}  // namespace wherry::engine
