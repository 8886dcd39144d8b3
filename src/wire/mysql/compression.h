#pragma once
// MariaDB's log_bin_compress: a header byte 0x80 | algorithm << 4 | n, the length in n bytes (most
// significant first), and a zlib stream. Errors: data_mismatch "binlog.malformed", not_supported
// "binlog.compression".

#include <string>
#include <string_view>

namespace wherry::wire::mysql {

std::string uncompress(std::string_view packed);

// A value of one of MariaDB's COMPRESSED columns: 0x00 and the bytes as they are; or a header byte
// 0x80 | 8 if the stream has no zlib header | n, then the same. No bytes at all are none.
std::string uncompress_column(std::string_view packed);

}  // namespace wherry::wire::mysql
