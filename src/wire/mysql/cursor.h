#pragma once
// Reads bytes from left to right and never past their end: every read that does not fit throws
// Error(data_mismatch, "binlog.malformed"). Views it gives are views of the bytes it was made of.
// Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace wherry::wire::mysql {

[[noreturn]] void throw_malformed(std::string why);
[[noreturn]] void throw_too_short();

class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

  std::size_t left() const { return bytes_.size(); }
  bool at_end() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size()) throw_too_short();
    const std::string_view taken = bytes_.substr(0, static_cast<std::size_t>(n));
    bytes_.remove_prefix(static_cast<std::size_t>(n));
    return taken;
  }
  void skip(std::uint64_t n) { take(n); }
  std::string_view take_all() { return take(bytes_.size()); }
  // Up to the next 0x00, which is read but not given.
  std::string_view take_to_zero();

  // Unsigned, the least significant byte first. Requires: 1 ≤ n ≤ 8.
  std::uint64_t little(unsigned n) {
    const std::string_view b = take(n);
    std::uint64_t value = 0;
    for (unsigned i = n; i-- > 0;) value = (value << 8U) | static_cast<unsigned char>(b[i]);
    return value;
  }
  // Unsigned, the most significant byte first. Requires: 1 ≤ n ≤ 8.
  std::uint64_t big(unsigned n) {
    const std::string_view b = take(n);
    std::uint64_t value = 0;
    for (unsigned i = 0; i < n; ++i) value = (value << 8U) | static_cast<unsigned char>(b[i]);
    return value;
  }
  // Two's complement of n bytes, the least significant first. Requires: 1 ≤ n ≤ 8.
  std::int64_t little_signed(unsigned n) {
    const unsigned unused = 64 - 8 * n;
    return static_cast<std::int64_t>(little(n) << unused) >> unused;
  }

  std::uint8_t u8() { return static_cast<std::uint8_t>(little(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little(4)); }
  std::uint64_t u64() { return little(8); }

  // A length-encoded integer of the client/server protocol.
  std::uint64_t packed();

 private:
  std::string_view bytes_;
};

}  // namespace wherry::wire::mysql
