#pragma once
// MySQL's binary JSON as the text its server prints, byte for byte, so that what the log says
// compares with what a SELECT reads. Pure.
//
// Typed text is that text with a mark where it leaves a value's type open: 1u is an unsigned
// integer, 1.0 and 1e20 are doubles, 1.50m is a decimal, date"…", time"…", datetime"…" and
// timestamp"…" are days and times, opaque"base64:type15:…" are bytes of that column type.
//
// Format: MySQL's sources, sql/json_binary.h.
//
// Errors: Error(data_mismatch, "binlog.malformed") for what no server could have written.

#include <string>
#include <string_view>

namespace wherry::wire::mysql {

// How the server that wrote a value prints it.
struct JsonStyle {
  bool point = false;  // a double without a fraction as "1.0" (MySQL 8 and newer), not as "1"
  bool types = false;  // typed text, which is the same for every server
};

// Puts the text into `out`, replacing what was there. No bytes at all are the JSON null.
void read_json(std::string_view binary, JsonStyle style, std::string& out);

}  // namespace wherry::wire::mysql
