#pragma once
// MariaDB's log_bin_compress: a header byte 0x80 | algorithm << 4 | n, the length in n bytes (most
// significant first), and a zlib stream. Errors: data_mismatch "binlog.malformed", not_supported
// "binlog.compression".

#include <string>
#include <string_view>

namespace wherry::wire::mysql {

std::string uncompress(std::string_view packed);

}  // namespace wherry::wire::mysql
