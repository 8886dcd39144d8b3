#include "wire/mysql/compression.h"

#include <cstdint>

#include <fmt/format.h>
#include <zlib.h>

#include "base/error.h"
#include "wire/mysql/cursor.h"

namespace wherry::wire::mysql {

namespace {

// A zlib stream cannot say more than this many bytes in one, so a greater length is a lie and not
// worth its memory.
constexpr std::uint64_t greatest_ratio = 1032;
constexpr std::uint64_t zlib_overhead = 64;

}  // namespace

std::string uncompress(std::string_view packed) {
  Cursor in(packed);
  const unsigned head = in.u8();
  if ((head & 0x80U) == 0) throw_malformed("compressed data has no header");
  if (const unsigned algorithm = (head & 0x70U) >> 4U; algorithm != 0) {
    throw base::Error(base::ErrorKind::not_supported, "binlog.compression",
                      fmt::format("log_bin_compress with algorithm {} is not known", algorithm));
  }
  const unsigned length_bytes = head & 0x07U;
  if (length_bytes == 0 || length_bytes > 4) throw_malformed("compressed data has no length");
  const std::uint64_t length = in.big(length_bytes);
  const std::string_view stream = in.take_all();
  if (length > stream.size() * greatest_ratio + zlib_overhead) {
    throw_malformed("compressed data claims an impossible length");
  }
  std::string out(length, '\0');
  uLongf written = length;
  // zlib's interface is of bytes, ours of chars.
  const int rc = ::uncompress(reinterpret_cast<Bytef*>(out.data()), &written,
                              reinterpret_cast<const Bytef*>(stream.data()), stream.size());
  if (rc != Z_OK || written != length) throw_malformed("compressed data does not unpack");
  return out;
}

}  // namespace wherry::wire::mysql
