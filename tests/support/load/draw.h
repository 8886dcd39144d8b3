// What a write draws from: one thread's seeded random numbers, values, and the keys it may use.
//
// Thread-safety: one thread. Errors: none.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace wherry::tests {

class Draw {
 public:
  Draw(std::uint64_t seed, unsigned thread, unsigned threads)
      : random_(seed * 1000003 + thread), thread_(thread), threads_(threads) {}

  std::uint64_t below(std::uint64_t n) { return n == 0 ? 0 : random_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  std::string number(std::uint64_t n) { return std::to_string(below(n)); }
  // A quoted text in one of several languages, at most `words` words.
  std::string text(unsigned words);
  // 0x... of `size` bytes; '' when 0.
  std::string bytes(std::size_t size);
  std::string or_null(std::string value) { return one_in(6) ? "NULL" : std::move(value); }

  // The number of this thread: temporary values of two threads never meet.
  unsigned thread() const { return thread_; }
  // A key that probably exists, as of the last refresh.
  std::string key(const std::string& table);
  // A key that no thread has used, unless another program writes too.
  std::string new_key(const std::string& table);
  void set_last_key(const std::string& table, std::int64_t last);

  // Of all_types, so that its values can be copied between rows.
  std::vector<std::string> columns;
  std::vector<std::string> ids;

 private:
  struct Keys {
    std::int64_t last = 0;
    std::int64_t next = 0;
  };
  std::mt19937_64 random_;
  unsigned thread_;
  unsigned threads_;
  std::map<std::string, Keys> keys_;
};

}  // namespace wherry::tests
