#pragma once
// QUERY and QUERY_COMPRESSED: a statement and the session it ran in. Views of the event's bytes
// (or, for a compressed statement, of the decoder's buffer). Malformed bytes: Error(data_mismatch,
// "binlog.malformed").

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/mysql/cursor.h"

namespace wherry::wire::mysql {

struct Query {
  std::uint32_t thread_id = 0;
  std::uint32_t seconds = 0;     // that it took
  std::uint16_t error_code = 0;  // with which it ended on its server
  std::string_view schema;       // the session's default; may be empty
  std::string_view statement;

  // The session's variables, as far as the log tells.
  std::optional<std::uint32_t> option_flags;  // autocommit, foreign_key_checks, unique_checks
  std::optional<std::uint64_t> sql_mode;
  struct Charset {
    std::uint16_t client = 0;  // collation ids
    std::uint16_t connection = 0;
    std::uint16_t server = 0;
  };
  std::optional<Charset> charset;
  std::optional<std::uint16_t> utf8mb4_collation;  // of MySQL 8: what utf8mb4 alone stands for
  std::optional<std::string_view> time_zone;
  std::optional<bool> explicit_timestamps;    // explicit_defaults_for_timestamp, of MySQL
  std::optional<std::uint32_t> microseconds;  // of the event's time
  // Schemas the statement changes, as MySQL lists them; nothing when it does not say.
  std::optional<std::vector<std::string_view>> updated_schemas;
};

// `post_header` is the length of the fixed part, from FORMAT_DESCRIPTION. A compressed statement is
// laid down in `buffer`.
Query read_query(Cursor in, unsigned post_header, bool compressed, std::string& buffer);

}  // namespace wherry::wire::mysql
