#pragma once
// A YAML file as a plain tree that remembers where each value stands. The subset a person can read
// without surprises: no tags, anchors, aliases, merge keys, duplicate keys, keys that are not
// words, second documents. Thread-safety: values.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/problem.h"

namespace wherry::config {

struct Entry;

struct Node {
  enum class Kind {
    null,
    scalar,
    sequence,
    map,
    refused,  // already reported: nothing more is to be said about it
  };
  Kind kind = Kind::null;
  Place place;
  std::string scalar;
  std::vector<Node> items;
  std::vector<Entry> entries;

  std::string_view kind_text() const;  // "nothing", "a single value", "a list", "a map"
};

struct Entry {
  std::string key;
  Place place;
  Node value;
};

// Nothing if the file is so broken that no tree came of it; what is wrong is in `problems` then,
// and may be there also when a tree is returned.
std::optional<Node> read_yaml(std::string_view text, Problems& problems);

}  // namespace wherry::config
