#include "base/ip_network.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

namespace wherry::base {

namespace {

constexpr unsigned bits_of_v4 = 32;
constexpr unsigned bits_of_v6 = 128;
constexpr unsigned bits_before_v4 = bits_of_v6 - bits_of_v4;
constexpr std::array<std::uint8_t, 12> before_v4{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  IpNetwork out;
  out.text_ = text;
  const auto slash = text.find('/');
  const std::string address(text.substr(0, slash));
  const bool is_v4 = ::inet_pton(AF_INET, address.c_str(), &out.address_[before_v4.size()]) == 1;
  if (is_v4) {
    std::copy(before_v4.begin(), before_v4.end(), out.address_.begin());
  } else if (::inet_pton(AF_INET6, address.c_str(), out.address_.data()) != 1) {
    return std::nullopt;
  }
  const unsigned bits = is_v4 ? bits_of_v4 : bits_of_v6;
  unsigned fixed = bits;
  if (slash != std::string_view::npos) {
    const std::string_view number = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fixed);
    if (error != std::errc() || end != number.data() + number.size() || fixed > bits) {
      return std::nullopt;
    }
  }
  out.fixed_bits_ = bits_of_v6 - bits + fixed;
  return out;
}

bool IpNetwork::is_v4() const {
  return fixed_bits_ >= bits_before_v4 &&
         std::equal(before_v4.begin(), before_v4.end(), address_.begin());
}

bool IpNetwork::contains(const IpNetwork& other) const {
  if (other.fixed_bits_ < fixed_bits_) return false;
  for (unsigned bit = 0; bit < fixed_bits_; ++bit) {
    const unsigned mask = 0x80U >> (bit % 8);
    if ((address_.at(bit / 8) & mask) != (other.address_.at(bit / 8) & mask)) return false;
  }
  return true;
}

}  // namespace wherry::base
