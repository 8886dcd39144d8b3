#include "tests/support/load/draw.h"

#include <algorithm>
#include <iterator>

namespace wherry::tests {

std::string Draw::text(unsigned words) {
  static const char* const all_words[] = {"Straße", "漢字",   "سلام", "Привет", "😀",
                                          "it''s",  "\\\\",   "NULL", "x ",     "",
                                          "é",      "\\t\\n", "a",    "Z"};
  std::string text = "'";
  for (std::uint64_t i = below(words + 1); i > 0; --i) {
    text += all_words[below(std::size(all_words))];
    if (i > 1) text += ' ';
  }
  return text + "'";
}

std::string Draw::bytes(std::size_t size) {
  if (size == 0) return "''";
  static const char* const hex_digits = "0123456789abcdef";
  std::string text(2 + size * 2, '0');
  text[1] = 'x';
  for (std::size_t i = 2; i < text.size();) {
    std::uint64_t bits = random_();
    for (int n = 0; n < 16 && i < text.size(); ++n, bits >>= 4) text[i++] = hex_digits[bits & 15];
  }
  return text;
}

std::string Draw::key(const std::string& table) {
  const Keys& keys = keys_[table];
  return std::to_string(1 +
                        below(static_cast<std::uint64_t>(std::max<std::int64_t>(keys.last, 1))));
}

std::string Draw::new_key(const std::string& table) {
  Keys& keys = keys_[table];
  const std::int64_t key = keys.next;
  keys.next += threads_;
  return std::to_string(key);
}

void Draw::set_last_key(const std::string& table, std::int64_t last) {
  Keys& keys = keys_[table];
  keys.last = last;
  if (keys.next > last) return;
  // Threads take turns: each keeps to one remainder.
  keys.next = last + 1;
  while (keys.next % threads_ != thread_) ++keys.next;
}

}  // namespace wherry::tests
