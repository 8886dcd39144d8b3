#include "wire/mysql/number.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>

namespace wherry::wire::mysql {

namespace {

template <typename T>
void put_number(T value, std::string& out) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) throw_malformed("a number has no text");
  out.assign(text.data(), end);
}

void put_finite(double value, std::string& out) {
  if (!std::isfinite(value)) throw_malformed("a number is not finite");
  put_number(value, out);
}

// Nine decimal digits take four bytes; fewer take the bytes they need.
constexpr unsigned group_digits = 9;
constexpr std::array<unsigned, 10> bytes_of_digits{0, 1, 1, 2, 2, 3, 3, 4, 4, 4};

unsigned decimal_bytes(unsigned digits) {
  return digits / group_digits * 4 + bytes_of_digits.at(digits % group_digits);
}

// Appends `digits` (1 to 9) of them with their leading zeros.
void put_digits(Cursor& in, unsigned digits, std::string& out) {
  std::uint64_t value = in.big(bytes_of_digits.at(digits));
  const std::size_t at = out.size();
  out.append(digits, '0');
  for (std::size_t i = at + digits; i > at; --i, value /= 10) {
    out[i - 1] = static_cast<char>('0' + value % 10);
  }
  if (value != 0) throw_malformed("a decimal has a digit greater than nine");
}

}  // namespace

std::string double_text(double value) {
  std::string text;
  put_number(value, text);
  return text;
}

void read_integer(Cursor& in, unsigned bytes, bool is_unsigned, std::string& out) {
  if (is_unsigned) {
    put_number(in.little(bytes), out);
  } else {
    put_number(in.little_signed(bytes), out);
  }
}

void read_float(Cursor& in, std::string& out) {
  put_finite(double{std::bit_cast<float>(in.u32())}, out);
}

void read_double(Cursor& in, std::string& out) { put_finite(std::bit_cast<double>(in.u64()), out); }

void read_decimal(Cursor& in, unsigned precision, unsigned scale, std::string& out) {
  const unsigned whole = precision - scale;
  std::array<char, 32> bytes{};
  const std::string_view stored = in.take(decimal_bytes(whole) + decimal_bytes(scale));
  // The first bit is the sign, inverted so that the bytes sort; negative values have all others
  // inverted too.
  const bool negative = (static_cast<unsigned char>(stored[0]) & 0x80U) == 0;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    unsigned b = static_cast<unsigned char>(stored[i]);
    if (i == 0) b ^= 0x80U;
    if (negative) b ^= 0xffU;
    bytes.at(i) = static_cast<char>(b);
  }
  Cursor digits(std::string_view(bytes.data(), stored.size()));
  std::string text;
  if (whole % group_digits != 0) put_digits(digits, whole % group_digits, text);
  for (unsigned i = 0; i < whole / group_digits; ++i) put_digits(digits, group_digits, text);
  text.erase(0, text.find_first_not_of('0'));
  if (text.empty()) text = "0";
  if (scale != 0) {
    text += '.';
    for (unsigned i = 0; i < scale / group_digits; ++i) put_digits(digits, group_digits, text);
    if (scale % group_digits != 0) put_digits(digits, scale % group_digits, text);
  }
  const bool zero = text.find_first_not_of("0.") == std::string::npos;
  out.assign(negative && !zero ? "-" : "");
  out += text;
}

void read_bit(Cursor& in, unsigned bits, std::string& out) {
  const std::uint64_t value = in.big((bits + 7) / 8);
  if (bits < 64 && value >> bits != 0) throw_malformed("a bit value has more bits than its column");
  put_number(value, out);
}

}  // namespace wherry::wire::mysql
