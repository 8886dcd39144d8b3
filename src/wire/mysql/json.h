#pragma once
// MySQL's binary JSON as the text its server prints, byte for byte, so that what the log says
// compares with what a SELECT reads. Pure. Format: MySQL's sources, sql/json_binary.h.
//
// Errors: Error(data_mismatch, "binlog.malformed") for what no server could have written.

#include <string>
#include <string_view>

namespace wherry::wire::mysql {

// How the server that wrote a value prints it.
struct JsonStyle {
  bool point = false;  // a double without a fraction as "1.0" (MySQL 8 and newer), not as "1"
};

// Puts the text into `out`, replacing what was there. No bytes at all are the JSON null.
void read_json(std::string_view binary, JsonStyle style, std::string& out);

}  // namespace wherry::wire::mysql
