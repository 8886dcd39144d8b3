#include "wire/mysql/sql_mode.h"

#include <array>
#include <string_view>

namespace wherry::wire::mysql {

namespace {

// By bit; empty where the two servers differ or none uses it.
constexpr std::array<std::string_view, 32> names{"REAL_AS_FLOAT",
                                                 "PIPES_AS_CONCAT",
                                                 "ANSI_QUOTES",
                                                 "IGNORE_SPACE",
                                                 "",
                                                 "ONLY_FULL_GROUP_BY",
                                                 "NO_UNSIGNED_SUBTRACTION",
                                                 "NO_DIR_IN_CREATE",
                                                 "POSTGRESQL",
                                                 "ORACLE",
                                                 "MSSQL",
                                                 "DB2",
                                                 "MAXDB",
                                                 "NO_KEY_OPTIONS",
                                                 "NO_TABLE_OPTIONS",
                                                 "NO_FIELD_OPTIONS",
                                                 "MYSQL323",
                                                 "MYSQL40",
                                                 "ANSI",
                                                 "NO_AUTO_VALUE_ON_ZERO",
                                                 "NO_BACKSLASH_ESCAPES",
                                                 "STRICT_TRANS_TABLES",
                                                 "STRICT_ALL_TABLES",
                                                 "NO_ZERO_IN_DATE",
                                                 "NO_ZERO_DATE",
                                                 "ALLOW_INVALID_DATES",
                                                 "ERROR_FOR_DIVISION_BY_ZERO",
                                                 "TRADITIONAL",
                                                 "NO_AUTO_CREATE_USER",
                                                 "HIGH_NOT_PRECEDENCE",
                                                 "NO_ENGINE_SUBSTITUTION",
                                                 "PAD_CHAR_TO_FULL_LENGTH"};

std::string_view name_of(unsigned bit, bool mariadb) {
  if (bit < names.size() && !names.at(bit).empty()) return names.at(bit);
  switch (bit) {
    case 4:
      return mariadb ? "IGNORE_BAD_TABLE_OPTIONS" : "";
    case 32:
      return mariadb ? "EMPTY_STRING_IS_NULL" : "TIME_TRUNCATE_FRACTIONAL";
    case 33:
      return mariadb ? "SIMULTANEOUS_ASSIGNMENT" : "";
    case 34:
      return mariadb ? "TIME_ROUND_FRACTIONAL" : "";
    default:
      return "";
  }
}

}  // namespace

std::string sql_mode_text(std::uint64_t bits, bool mariadb) {
  std::string text;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if (((bits >> bit) & 1U) == 0) continue;
    const std::string_view name = name_of(bit, mariadb);
    if (name.empty()) continue;
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

}  // namespace wherry::wire::mysql
