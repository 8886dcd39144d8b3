#include "base/digest.h"

#include <algorithm>
#include <charconv>
#include <new>
#include <random>

#include <fmt/format.h>
#include <xxhash.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::base {

Digest& Digest::operator+=(const Digest& other) {
  const std::uint64_t before = low;
  low += other.low;
  high += other.high + (low < before ? 1 : 0);
  return *this;
}

std::string Digest::text() const { return fmt::format("{:016x}{:016x}", high, low); }

std::optional<Digest> Digest::parse(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  Digest d;
  auto half = [](std::string_view digits, std::uint64_t& out) {
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), out, 16);
    return error == std::errc{} && end == digits.end();
  };
  if (!half(text.substr(0, 16), d.high) || !half(text.substr(16), d.low)) return std::nullopt;
  return d;
}

DigestKey::DigestKey(const std::array<unsigned char, 16>& seed) : seed_(seed) {
  static_assert(sizeof(secret_) >= XXH3_SECRET_SIZE_MIN);
  // Each 16 bytes of the secret are the digest of the seed and their index.
  for (std::size_t at = 0; at < secret_.size(); at += 16) {
    const XXH128_hash_t h = XXH3_128bits_withSeed(seed_.data(), seed_.size(), at + 1);
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, h);
    for (std::size_t i = 0; i < 16; ++i) secret_.at(at + i) = canonical.digest[i];
  }
}

DigestKey DigestKey::random() {
  std::random_device device;
  std::array<unsigned char, 16> seed{};
  for (auto& byte : seed) byte = static_cast<unsigned char>(device());
  return DigestKey(seed);
}

DigestKey DigestKey::from_text(std::string_view text) {
  const auto bytes = from_hex(text);
  if (!bytes || bytes->size() != 16) {
    throw Error(ErrorKind::internal, "digest.key", "malformed digest key");
  }
  std::array<unsigned char, 16> seed{};
  for (std::size_t i = 0; i < seed.size(); ++i)
    seed.at(i) = static_cast<unsigned char>((*bytes)[i]);
  return DigestKey(seed);
}

std::string DigestKey::text() const {
  std::string bytes;
  for (const unsigned char byte : seed_) bytes += static_cast<char>(byte);
  return to_hex(bytes);
}

void RowHasher::field(std::string_view bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  std::array<char, 4> frame{};
  for (std::size_t i = 0; i < frame.size(); ++i) {
    frame.at(i) = static_cast<char>((length >> (8 * i)) & 0xffU);
  }
  buffer_.append(frame.data(), frame.size());
  buffer_ += bytes;
}

void RowHasher::null() { buffer_.append(4, '\xff'); }

Digest RowHasher::finish() {
  const XXH128_hash_t h =
      XXH3_128bits_withSecret(buffer_.data(), buffer_.size(), secret_.data(), secret_.size());
  buffer_.clear();
  return {h.low64, h.high64};
}

struct StreamHasher::State {
  explicit State(const DigestKey& key) : secret(key.secret()), hash(XXH3_createState()) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { XXH3_freeState(hash); }
  const std::array<unsigned char, 192> secret;  // the hash refers to it
  XXH3_state_t* const hash;
};

StreamHasher::StreamHasher(const DigestKey& key) : state_(std::make_unique<State>(key)) {
  if (state_->hash == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset_withSecret(state_->hash, state_->secret.data(), state_->secret.size());
}

StreamHasher::~StreamHasher() = default;

void StreamHasher::add(std::string_view bytes) {
  XXH3_128bits_update(state_->hash, bytes.data(), bytes.size());
}

void StreamHasher::add_zeros(std::uint64_t count) {
  static constexpr std::array<char, 1U << 16U> zeros{};
  while (count > 0) {
    const std::size_t some = std::min<std::uint64_t>(count, zeros.size());
    add({zeros.data(), some});
    count -= some;
  }
}

Digest StreamHasher::finish() const {
  const XXH128_hash_t h = XXH3_128bits_digest(state_->hash);
  return {h.low64, h.high64};
}

Digest digest_of(const DigestKey& key, std::string_view bytes) {
  const XXH128_hash_t h =
      XXH3_128bits_withSecret(bytes.data(), bytes.size(), key.secret().data(), key.secret().size());
  return {h.low64, h.high64};
}

}  // namespace wherry::base
