#include "wire/mysql/temporal.h"

#include <array>
#include <chrono>

namespace wherry::wire::mysql {

namespace {

constexpr std::array<std::uint32_t, 7> power_of_ten{1, 10, 100, 1000, 10000, 100000, 1000000};

void put(std::string& out, std::uint64_t value, unsigned width) {
  const std::size_t at = out.size();
  out.append(width, '0');
  for (std::size_t i = at + width; i > at && value != 0; --i, value /= 10) {
    out[i - 1] = static_cast<char>('0' + value % 10);
  }
}

void put_date(std::string& out, std::uint64_t year, std::uint64_t month, std::uint64_t day) {
  if (year > 9999 || month > 12 || day > 31) throw_malformed("a date has impossible parts");
  put(out, year, 4);
  out += '-';
  put(out, month, 2);
  out += '-';
  put(out, day, 2);
}

void put_clock(std::string& out, std::uint64_t hours, std::uint64_t minutes, std::uint64_t seconds,
               std::uint64_t most_hours) {
  if (hours > most_hours || minutes > 59 || seconds > 59)
    throw_malformed("a time has impossible parts");
  put(out, hours, hours > 99 ? 3 : 2);
  out += ':';
  put(out, minutes, 2);
  out += ':';
  put(out, seconds, 2);
}

void put_fraction(std::string& out, std::uint64_t microseconds, unsigned digits) {
  if (microseconds > 999999) throw_malformed("a fraction of a second is greater than one");
  if (digits == 0) return;
  out += '.';
  put(out, microseconds / power_of_ten.at(6 - digits), digits);
}

constexpr std::uint64_t most_hours_of_day = 23;
constexpr std::uint64_t most_hours_of_time = 838;

// Fractions take a byte for two digits and are units of the last digit of an even number of them.
unsigned fraction_bytes(unsigned digits) { return (digits + 1) / 2; }
std::uint64_t microseconds_of(std::uint64_t stored, unsigned digits) {
  return stored * power_of_ten.at(6 - 2 * fraction_bytes(digits));
}
std::uint64_t read_fraction(Cursor& in, unsigned digits) {
  return digits == 0 ? 0 : microseconds_of(in.big(fraction_bytes(digits)), digits);
}

void put_timestamp(std::string& out, std::uint64_t unix_time, std::uint64_t microseconds,
                   unsigned digits) {
  if (unix_time == 0 && microseconds == 0) {
    out += "0000-00-00 00:00:00";
  } else {
    const std::chrono::sys_seconds at{std::chrono::seconds(unix_time)};
    const auto days = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(days);
    const auto second = static_cast<std::uint64_t>((at - days).count());
    put_date(out, static_cast<unsigned>(static_cast<int>(date.year())),
             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    out += ' ';
    put_clock(out, second / 3600, second / 60 % 60, second % 60, most_hours_of_day);
  }
  put_fraction(out, microseconds, digits);
}

}  // namespace

void read_year(Cursor& in, unsigned digits, std::string& out) {
  out.clear();
  const unsigned year = in.u8();
  if (digits == 2) {
    put(out, year % 100, 2);
  } else {
    put(out, year == 0 ? 0 : 1900 + year, 4);
  }
}

void read_date(Cursor& in, std::string& out) {
  out.clear();
  const std::uint64_t v = in.little(3);
  put_date(out, v >> 9U, (v >> 5U) & 15U, v & 31U);
}

void read_time_old(Cursor& in, std::string& out) {
  out.clear();
  const std::int64_t v = in.little_signed(3);
  const auto clock = static_cast<std::uint64_t>(v < 0 ? -v : v);
  if (v < 0) out += '-';
  put_clock(out, clock / 10000, clock / 100 % 100, clock % 100, most_hours_of_time);
}

void read_time2(Cursor& in, unsigned digits, std::string& out) {
  out.clear();
  // Clock and fraction are one big-endian number, offset by half its range so that negative times
  // sort first.
  const unsigned fraction_bits = 8 * fraction_bytes(digits);
  const auto stored = static_cast<std::int64_t>(in.big(3 + fraction_bytes(digits)));
  const std::int64_t v = stored - (std::int64_t{0x800000} << fraction_bits);
  const auto size = static_cast<std::uint64_t>(v < 0 ? -v : v);
  const std::uint64_t clock = size >> fraction_bits;
  const std::uint64_t fraction = size & ((std::uint64_t{1} << fraction_bits) - 1);
  if (v < 0) out += '-';
  put_clock(out, clock >> 12U, (clock >> 6U) & 63U, clock & 63U, most_hours_of_time);
  put_fraction(out, microseconds_of(fraction, digits), digits);
}

void read_datetime_old(Cursor& in, std::string& out) {
  out.clear();
  const std::uint64_t v = in.u64();
  const std::uint64_t date = v / 1000000;
  const std::uint64_t clock = v % 1000000;
  put_date(out, date / 10000, date / 100 % 100, date % 100);
  out += ' ';
  put_clock(out, clock / 10000, clock / 100 % 100, clock % 100, most_hours_of_day);
}

void read_datetime2(Cursor& in, unsigned digits, std::string& out) {
  out.clear();
  constexpr std::uint64_t sign = 0x8000000000;
  const std::uint64_t v = in.big(5);
  if ((v & sign) == 0) throw_malformed("a date is negative");
  const std::uint64_t month = (v & ~sign) >> 22U;
  put_date(out, month / 13, month % 13, (v >> 17U) & 31U);
  out += ' ';
  put_clock(out, (v >> 12U) & 31U, (v >> 6U) & 63U, v & 63U, most_hours_of_day);
  put_fraction(out, read_fraction(in, digits), digits);
}

void read_timestamp_old(Cursor& in, std::string& out) {
  out.clear();
  put_timestamp(out, in.u32(), 0, 0);
}

void read_timestamp2(Cursor& in, unsigned digits, std::string& out) {
  out.clear();
  const std::uint64_t seconds = in.big(4);
  put_timestamp(out, seconds, read_fraction(in, digits), digits);
}

namespace {

constexpr std::array<unsigned, 7> time_hires_bytes{3, 4, 4, 5, 5, 5, 6};
constexpr std::array<unsigned, 7> datetime_hires_bytes{5, 6, 6, 7, 7, 7, 8};
constexpr std::array<unsigned, 7> fraction_hires_bytes{0, 1, 1, 2, 2, 3, 3};

// Every part in the unit of the next one, down to microseconds.
void put_packed_clock(std::string& out, std::uint64_t packed, std::uint64_t hours,
                      std::uint64_t most_hours, unsigned digits) {
  const std::uint64_t seconds = packed / 1000000;
  put_clock(out, hours, seconds / 60 % 60, seconds % 60, most_hours);
  put_fraction(out, packed % 1000000, digits);
}

// JSON's: bits of a clock above 24 bits of microseconds.
struct PackedParts {
  bool negative = false;
  std::uint64_t date = 0;
  std::uint64_t clock = 0;
  std::uint64_t microseconds = 0;
};
PackedParts packed_parts(Cursor& in, unsigned clock_bits) {
  const std::int64_t v = in.little_signed(8);
  PackedParts p;
  p.negative = v < 0;
  const auto size =
      p.negative ? std::uint64_t{0} - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
  p.microseconds = size & 0xffffffU;
  const std::uint64_t whole = size >> 24U;
  p.clock = whole & ((std::uint64_t{1} << clock_bits) - 1);
  p.date = whole >> clock_bits;
  return p;
}

void put_packed_day(std::string& out, std::uint64_t date) {
  const std::uint64_t month = date >> 5U;
  put_date(out, month / 13, month % 13, date & 31U);
}

}  // namespace

void read_time_hires(Cursor& in, unsigned digits, std::string& out) {
  out.clear();
  constexpr std::int64_t zero =
      3020400LL * 1000000;  // 839 hours, so that negative times sort first
  const auto unit = static_cast<std::int64_t>(power_of_ten.at(6 - digits));
  const auto stored = static_cast<std::int64_t>(in.big(time_hires_bytes.at(digits)));
  const std::int64_t v = (stored - zero / unit) * unit;
  if (v < 0) out += '-';
  const auto size = static_cast<std::uint64_t>(v < 0 ? -v : v);
  put_packed_clock(out, size, size / 3600000000U, most_hours_of_time, digits);
}

void read_datetime_hires(Cursor& in, unsigned digits, std::string& out) {
  out.clear();
  const std::uint64_t v = in.big(datetime_hires_bytes.at(digits)) * power_of_ten.at(6 - digits);
  const std::uint64_t days = v / 86400000000U;
  const std::uint64_t month = days / 32;
  put_date(out, month / 13, month % 13, days % 32);
  out += ' ';
  put_packed_clock(out, v % 86400000000U, v / 3600000000U % 24, most_hours_of_day, digits);
}

void read_timestamp_hires(Cursor& in, unsigned digits, std::string& out) {
  out.clear();
  const std::uint64_t seconds = in.big(4);
  const std::uint64_t fraction = in.big(fraction_hires_bytes.at(digits));
  put_timestamp(out, seconds, fraction * power_of_ten.at(6 - digits), digits);
}

void read_packed_date(Cursor& in, std::string& out) {
  out.clear();
  put_packed_day(out, packed_parts(in, 17).date);
}

void read_packed_time(Cursor& in, std::string& out) {
  out.clear();
  const PackedParts p = packed_parts(in, 22);
  if (p.negative) out += '-';
  put_clock(out, p.clock >> 12U, (p.clock >> 6U) & 63U, p.clock & 63U, most_hours_of_time);
  put_fraction(out, p.microseconds, 6);
}

void read_packed_datetime(Cursor& in, std::string& out) {
  out.clear();
  const PackedParts p = packed_parts(in, 17);
  put_packed_day(out, p.date);
  out += ' ';
  put_clock(out, p.clock >> 12U, (p.clock >> 6U) & 63U, p.clock & 63U, most_hours_of_day);
  put_fraction(out, p.microseconds, 6);
}

}  // namespace wherry::wire::mysql
