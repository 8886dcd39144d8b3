#pragma once
// Keyed 128-bit digests (XXH3-128 with a secret derived from the migration's key) and sums of them.
// A chunk's digest is the number of its rows and the sum of their digests modulo 2^128, so it does
// not depend on the order in which a server returns them. Fields are framed by length and NULL is
// unlike any value, so that
// ('x0','y') and ('x','0y'), or NULL and '', differ.
// Source: XXH3, github.com/Cyan4973/xxHash, doc/xxhash_spec.md. Thread-safety: values.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::base {

struct Digest {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend auto operator<=>(const Digest&, const Digest&) = default;
  Digest& operator+=(const Digest& other);  // modulo 2^128
  std::string text() const;                 // 32 hex digits
  static std::optional<Digest> parse(std::string_view text);
};

// Random per migration and kept in its journal; two sides digested with different keys never
// compare equal.
class DigestKey {
 public:
  static DigestKey random();
  static DigestKey from_text(std::string_view text);  // throws Error(internal) if malformed
  std::string text() const;
  const std::array<unsigned char, 192>& secret() const { return secret_; }

 private:
  explicit DigestKey(const std::array<unsigned char, 16>& seed);
  std::array<unsigned char, 16> seed_{};
  std::array<unsigned char, 192> secret_{};
};

// Builds one row's digest field by field. Reusable: finish() starts the next row.
class RowHasher {
 public:
  explicit RowHasher(const DigestKey& key) : secret_(key.secret()) {}
  void field(std::string_view bytes);
  void null();
  Digest finish();

 private:
  std::array<unsigned char, 192> secret_;
  std::string buffer_;
};

// Digest of a byte string that comes in pieces; equal to digest_of() of the whole.
class StreamHasher {
 public:
  explicit StreamHasher(const DigestKey& key);
  StreamHasher(const StreamHasher&) = delete;
  StreamHasher& operator=(const StreamHasher&) = delete;
  ~StreamHasher();
  void add(std::string_view bytes);
  void add_zeros(std::uint64_t count);
  Digest finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Digest of a plain byte string (schemas, identities, file contents held in memory).
Digest digest_of(const DigestKey& key, std::string_view bytes);

}  // namespace wherry::base
