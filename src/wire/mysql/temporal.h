#pragma once
// Dates and times of row images and of JSON as their canonical text (model/row.h). Each reads one
// value from `in` and puts its text into `out` (replacing what was there). Both the forms since
// MySQL 5.6 / MariaDB 10.1 (…2, with `digits` fractional digits) and the older ones. Values no
// server could have written: Error(data_mismatch, "binlog.malformed"). Zero dates and dates with
// zero parts are values like any other.

#include <cstdint>
#include <string>

#include "wire/mysql/cursor.h"

namespace wherry::wire::mysql {

// `digits` is 4, or 2 for YEAR(2), of which a server shows no more.
void read_year(Cursor& in, unsigned digits, std::string& out);
void read_date(Cursor& in, std::string& out);
void read_time_old(Cursor& in, std::string& out);
void read_time2(Cursor& in, unsigned digits, std::string& out);
void read_datetime_old(Cursor& in, std::string& out);
void read_datetime2(Cursor& in, unsigned digits, std::string& out);
// In UTC; 0 is "0000-00-00 00:00:00".
void read_timestamp_old(Cursor& in, std::string& out);
void read_timestamp2(Cursor& in, unsigned digits, std::string& out);

// MariaDB's forms with fractional digits from before 10.1 (mysql56_temporal_format=OFF).
// Requires: 1 ≤ digits ≤ 6.
void read_time_hires(Cursor& in, unsigned digits, std::string& out);
void read_datetime_hires(Cursor& in, unsigned digits, std::string& out);
void read_timestamp_hires(Cursor& in, unsigned digits, std::string& out);

// Inside MySQL's binary JSON: numbers of 8 bytes; times with six fractional digits.
void read_packed_date(Cursor& in, std::string& out);
void read_packed_time(Cursor& in, std::string& out);
void read_packed_datetime(Cursor& in, std::string& out);

}  // namespace wherry::wire::mysql
