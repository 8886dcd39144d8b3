#pragma once
// An IP address, or a network of them, of both versions. A value.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::base {

class IpNetwork {
 public:
  // "10.0.0.5", "10.1.0.0/16", "fd00::/8"; nothing if it is none of these.
  static std::optional<IpNetwork> parse(std::string_view text);

  bool is_v4() const;
  // An IPv4 address counts as the same written in IPv6 ("::ffff:10.0.0.5").
  bool contains(const IpNetwork& other) const;
  // As it was written.
  const std::string& text() const { return text_; }
  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

 private:
  std::string text_;
  std::array<std::uint8_t, 16> address_{};  // as IPv6
  unsigned fixed_bits_ = 0;
};

}  // namespace wherry::base
