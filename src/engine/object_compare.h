#pragma once
// When two objects are the same, but for their content. Pure functions.

#include <optional>
#include <string>

#include "base/digest.h"
#include "contract/object_store.h"

namespace wherry::engine {

bool same_attributes(const contract::ObjectInfo& a, const contract::ObjectInfo& b);
// Kind, size, time and attributes.
bool looks_same(const contract::ObjectInfo& a, const contract::ObjectInfo& b);
// In what they differ, for people: "size, time, mode"; empty if they look the same.
std::string differs_in(const contract::ObjectInfo& a, const contract::ObjectInfo& b);

// Over all that travels. `content` is nothing for what has none, and for further names of an
// object.
base::Digest digest_object(const base::DigestKey& key, const contract::ObjectInfo& object,
                           const std::optional<model::Key>& leader,
                           const std::optional<base::Digest>& content);

}  // namespace wherry::engine
