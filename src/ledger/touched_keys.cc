#include "ledger/touched_keys.h"

#include <algorithm>
#include <cstdint>
#include <memory>

#include <zstd.h>

#include "base/error.h"

namespace wherry::ledger {

namespace {

// "WD", a version byte, then one zstd frame of: for each table its id (4 bytes), its number of keys
// (8), and each key's length (4) and bytes. Numbers are little-endian.
constexpr std::string_view magic = "WD";
constexpr char version = 1;
constexpr std::uint64_t greatest = 1ULL << 30U;

void put_number(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
}

[[noreturn]] void throw_broken(const char* what) {
  throw base::Error(base::ErrorKind::data_mismatch, "ledger.window_broken",
                    "the record of a window's keys is broken", what);
}

std::string_view take(std::string_view& bytes, std::uint64_t length) {
  if (bytes.size() < length) throw_broken("it ends too early");
  const std::string_view taken = bytes.substr(0, length);
  bytes.remove_prefix(length);
  return taken;
}

std::uint64_t take_number(std::string_view& bytes, unsigned length) {
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const char c : take(bytes, length)) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(c)) << shift;
    shift += 8;
  }
  return value;
}

struct FreeContext {
  void operator()(ZSTD_CCtx* c) const { ZSTD_freeCCtx(c); }
};

}  // namespace

void make_unique(TouchedKeys& keys) {
  for (auto& [table, list] : keys) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  }
}

std::uint64_t memory_of(const model::Key& key) {
  static const std::size_t inside = std::string().capacity();  // without memory of its own
  const std::size_t held = key.bytes().capacity();
  return sizeof(model::Key) + (held > inside ? held + 1 : 0);
}

std::uint64_t memory_of(const std::vector<model::Key>& keys) {
  std::uint64_t bytes = 0;
  for (const auto& key : keys) bytes += memory_of(key);
  return bytes;
}

std::uint64_t memory_of(const TouchedKeys& keys) {
  std::uint64_t bytes = 0;
  for (const auto& [table, list] : keys) bytes += memory_of(list);
  return bytes;
}

std::string encode(const TouchedKeys& keys) {
  std::string plain;
  for (const auto& [table, list] : keys) {
    put_number(plain, table, 4);
    put_number(plain, list.size(), 8);
    for (const auto& key : list) {
      put_number(plain, key.bytes().size(), 4);
      plain += key.bytes();
    }
  }
  if (plain.size() > greatest) {
    throw base::Error(base::ErrorKind::rejected, "ledger.window_too_large",
                      "one window touched more than 1 GiB of keys");
  }
  std::string out(magic);
  out += version;
  const std::size_t head = out.size();
  out.resize(head + ZSTD_compressBound(plain.size()));
  const std::unique_ptr<ZSTD_CCtx, FreeContext> context(ZSTD_createCCtx());
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  const std::size_t size = ZSTD_compress2(context.get(), out.data() + head, out.size() - head,
                                          plain.data(), plain.size());
  if (ZSTD_isError(size) != 0) {
    throw base::Error(base::ErrorKind::internal, "ledger.compress", ZSTD_getErrorName(size));
  }
  out.resize(head + size);
  return out;
}

TouchedKeys decode(std::string_view bytes) {
  if (take(bytes, magic.size()) != magic) throw_broken("it is something else");
  const char found = take(bytes, 1)[0];
  if (found > version) {
    throw base::Error(base::ErrorKind::rejected, "ledger.window_newer",
                      "the record of a window's keys was written by a newer version of Wherry");
  }
  if (found != version) throw_broken("unknown version");

  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size > greatest) {
    throw_broken("its size is not plausible");
  }
  std::string plain(size, '\0');
  const std::size_t got = ZSTD_decompress(plain.data(), plain.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(got) != 0 || got != size) throw_broken("it cannot be decompressed");

  TouchedKeys keys;
  std::string_view rest = plain;
  while (!rest.empty()) {
    const auto table = static_cast<model::CollectionId>(take_number(rest, 4));
    const std::uint64_t count = take_number(rest, 8);
    if (count > rest.size() / 4) throw_broken("more keys than bytes");
    if (keys.contains(table)) throw_broken("a table comes twice");
    auto& list = keys[table];
    list.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      auto key = model::Key::from_bytes(take(rest, take_number(rest, 4)));
      if (!key) throw_broken("malformed key");
      list.push_back(std::move(*key));
    }
  }
  return keys;
}

}  // namespace wherry::ledger
