#pragma once
// Reads typed values out of a YAML tree and notes what is wrong with them. A function that returns
// nothing has noted why (or had nothing to read). Thread-safety: one thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/units.h"
#include "config/problem.h"
#include "config/yaml.h"

namespace wherry::config {

// One value and its name for messages ("limits.threads"). `node` is null when the key is absent.
struct Field {
  const Node* node = nullptr;
  std::string path;
  explicit operator bool() const { return node != nullptr; }
  Place place() const { return node == nullptr ? Place{} : node->place; }
  // An optional section whose keys are all commented out is as good as absent.
  Field or_absent() const {
    return node != nullptr && node->kind == Node::Kind::null ? Field{nullptr, path} : *this;
  }
};

class Reader {
 public:
  explicit Reader(Problems& problems) : problems_(problems) {}

  std::optional<std::string> text(const Field& field, std::string_view form);
  std::optional<std::uint64_t> whole(const Field& field, std::uint64_t low, std::uint64_t high);
  // `unlimited` gives an engaged outer and an empty inner value.
  std::optional<std::optional<std::uint64_t>> whole_or_unlimited(const Field& field);
  std::optional<bool> boolean(const Field& field);
  std::optional<base::Bytes> size(const Field& field, base::Bytes low);
  std::optional<std::optional<base::Bytes>> rate_or_unlimited(const Field& field);
  std::optional<std::chrono::milliseconds> duration(const Field& field);
  // The index of the word it is.
  std::optional<std::size_t> choice(const Field& field, const std::vector<std::string>& words);
  std::optional<std::vector<Field>> list(const Field& field, std::string_view form);

  Problems& problems() { return problems_; }
  void bad_value(const Field& field, std::string_view got, std::string_view form);

 private:
  const std::string* scalar(const Field& field, std::string_view form);
  Problems& problems_;
};

// The keys of one map. Every key that was never asked for is unknown; so ask for all, then
// finish().
class Keys {
 public:
  // `path` is empty for the file's outermost map.
  Keys(const Field& map, std::string_view form, Reader& reader);
  bool usable() const { return map_ != nullptr; }
  Field get(std::string_view key);
  // Notes the key as missing when it is.
  Field required(std::string_view key, std::string_view hint);
  // Where the key itself stands.
  Place key_place(std::string_view key) const;
  void finish();

 private:
  const Entry* find(std::string_view key) const;
  const Node* map_ = nullptr;
  Place place_;
  std::string path_;
  Reader& reader_;
  std::vector<std::string> known_;
};

}  // namespace wherry::config
