#include "wire/mysql/compression.h"

#include <cstdint>
#include <new>

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

// `in` is behind the header byte.
std::string inflate_stream(Cursor in, unsigned length_bytes, int window_bits) {
  if (length_bytes == 0 || length_bytes > 4) throw_malformed("compressed data has no length");
  const std::uint64_t length = in.big(length_bytes);
  const std::string_view stream = in.take_all();
  if (length > stream.size() * greatest_ratio + zlib_overhead) {
    throw_malformed("compressed data claims an impossible length");
  }
  std::string out(length, '\0');
  z_stream z{};
  // zlib's interface is of bytes that it does not promise to leave alone, ours of chars.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(stream.data()));
  z.avail_in = static_cast<uInt>(stream.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  if (inflateInit2(&z, window_bits) != Z_OK) throw std::bad_alloc();
  const int rc = inflate(&z, Z_FINISH);
  inflateEnd(&z);
  if (rc != Z_STREAM_END || z.avail_out != 0) throw_malformed("compressed data does not unpack");
  return out;
}

}  // namespace

std::string uncompress(std::string_view packed) {
  Cursor in(packed);
  const unsigned head = in.u8();
  if ((head & 0x80U) == 0) throw_malformed("compressed data has no header");
  if (const unsigned algorithm = (head & 0x70U) >> 4U; algorithm != 0) {
    throw base::Error(base::ErrorKind::not_supported, "binlog.compression",
                      fmt::format("log_bin_compress with algorithm {} is not known", algorithm));
  }
  return inflate_stream(in, head & 0x07U, MAX_WBITS);
}

std::string uncompress_column(std::string_view packed) {
  if (packed.empty()) return {};
  Cursor in(packed);
  const unsigned head = in.u8();
  const unsigned method = head >> 4U;
  if (method == 0) return std::string(in.take_all());
  constexpr unsigned zlib = 8;
  if (method != zlib) {
    throw base::Error(base::ErrorKind::not_supported, "binlog.compression",
                      fmt::format("a column compressed by method {} is not known", method));
  }
  return inflate_stream(in, head & 0x07U, (head & 0x08U) != 0 ? -MAX_WBITS : MAX_WBITS);
}

}  // namespace wherry::wire::mysql
