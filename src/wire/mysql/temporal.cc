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

void read_year(Cursor& in, std::string& out) {
  out.clear();
  const unsigned year = in.u8();
  put(out, year == 0 ? 0 : 1900 + year, 4);
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

}  // namespace wherry::wire::mysql
