#include "engine/object_compare.h"

#include <set>

#include "base/text.h"

namespace wherry::engine {

namespace {

std::string_view text(contract::ObjectKind kind) {
  switch (kind) {
    case contract::ObjectKind::content:
      return "content";
    case contract::ObjectKind::directory:
      return "directory";
    case contract::ObjectKind::symlink:
      return "symlink";
  }
  return "content";
}

}  // namespace

bool same_attributes(const contract::ObjectInfo& a, const contract::ObjectInfo& b) {
  return a.modified_ns == b.modified_ns && a.attributes == b.attributes;
}

bool looks_same(const contract::ObjectInfo& a, const contract::ObjectInfo& b) {
  return a.kind == b.kind && a.size == b.size && same_attributes(a, b);
}

std::string differs_in(const contract::ObjectInfo& a, const contract::ObjectInfo& b) {
  std::string out;
  const auto say = [&](std::string_view what) {
    if (!out.empty()) out += ", ";
    out += what;
  };
  if (a.kind != b.kind) say("kind");
  if (a.size != b.size) say("size");
  if (a.modified_ns != b.modified_ns) say("time");
  std::set<std::string> names;
  for (const auto& [name, value] : a.attributes) names.insert(name);
  for (const auto& [name, value] : b.attributes) names.insert(name);
  for (const auto& name : names) {
    const auto in_a = a.attributes.find(name);
    const auto in_b = b.attributes.find(name);
    const bool same =
        in_a != a.attributes.end() && in_b != b.attributes.end() && in_a->second == in_b->second;
    if (!same) say(base::printable(name));
  }
  return out;
}

base::Digest digest_object(const base::DigestKey& key, const contract::ObjectInfo& object,
                           const std::optional<model::Key>& leader,
                           const std::optional<base::Digest>& content) {
  base::RowHasher hasher(key);
  const auto maybe = [&](const std::optional<std::string>& field) {
    field ? hasher.field(*field) : hasher.null();
  };
  hasher.field(object.key.bytes());
  hasher.field(text(object.kind));
  hasher.field(std::to_string(object.size));
  hasher.field(std::to_string(object.modified_ns));
  hasher.field(std::to_string(object.attributes.size()));
  for (const auto& [name, value] : object.attributes) {
    hasher.field(name);
    hasher.field(value);
  }
  maybe(leader ? std::optional(leader->bytes()) : std::nullopt);
  maybe(content ? std::optional(content->text()) : std::nullopt);
  return hasher.finish();
}

}  // namespace wherry::engine
