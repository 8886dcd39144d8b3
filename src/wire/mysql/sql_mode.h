#pragma once
// The bits of sql_mode, as QUERY events carry them, in the words servers take. Pure.

#include <cstdint>
#include <string>

namespace wherry::wire::mysql {

// "ANSI_QUOTES,STRICT_TRANS_TABLES"; bits that mean nothing are left out.
std::string sql_mode_text(std::uint64_t bits, bool mariadb);

}  // namespace wherry::wire::mysql
