#pragma once
// What identifies an item in its collection: a primary-key tuple, an object key, a relative path.
// Held as the framed bytes of its parts, so equal bytes mean equal tuples. Equality only: *order*
// belongs to the server (collations), and two keys that a server calls equal may differ in bytes.
// Values.

#include <compare>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wherry::model {

class Key {
 public:
  Key() = default;
  explicit Key(const std::vector<std::string>& parts);

  void append(std::string_view part);
  std::vector<std::string_view> parts() const;  // views into this key
  const std::string& bytes() const { return bytes_; }
  static std::optional<Key> from_bytes(std::string_view bytes);  // nothing if malformed
  std::string text() const;  // printable, "(12, abc)"; "12" for one part

  // By bytes: for containers, not for ranges.
  friend auto operator<=>(const Key&, const Key&) = default;

 private:
  std::string bytes_;
};

}  // namespace wherry::model

template <>
struct std::hash<wherry::model::Key> {
  std::size_t operator()(const wherry::model::Key& k) const noexcept {
    return std::hash<std::string>{}(k.bytes());
  }
};
