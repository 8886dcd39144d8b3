#pragma once
// Numbers of row images as their canonical text (model/row.h). Each reads one value from `in` and
// puts its text into `out` (replacing what was there). Values no server could have written:
// Error(data_mismatch, "binlog.malformed").

#include <cstdint>
#include <string>

#include "wire/mysql/cursor.h"

namespace wherry::wire::mysql {

// The shortest text that reads back to the same double; "-0" keeps its sign. A float is widened to
// double first.
std::string double_text(double value);

// Requires: 1 ≤ bytes ≤ 8.
void read_integer(Cursor& in, unsigned bytes, bool is_unsigned, std::string& out);
void read_float(Cursor& in, std::string& out);
void read_double(Cursor& in, std::string& out);
// Requires: 1 ≤ precision ≤ 65, scale ≤ precision.
void read_decimal(Cursor& in, unsigned precision, unsigned scale, std::string& out);
// Requires: 1 ≤ bits ≤ 64.
void read_bit(Cursor& in, unsigned bits, std::string& out);

}  // namespace wherry::wire::mysql
