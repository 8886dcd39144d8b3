#include "model/position.h"

#include <charconv>

#include <fmt/format.h>

namespace wherry::model {

namespace {

std::optional<std::uint64_t> number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value);
  if (digits.empty() || error != std::errc{} || end != digits.end()) return std::nullopt;
  return value;
}

}  // namespace

std::string Position::text() const {
  std::string out = fmt::format("{}:{}", log, offset);
  if (!gtid.empty()) out += " " + gtid;
  return out;
}

std::optional<Position> Position::parse(std::string_view text) {
  const std::size_t space = text.find(' ');
  const std::string_view place = text.substr(0, space);
  const std::size_t colon = place.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto offset = number(place.substr(colon + 1));
  if (!offset) return std::nullopt;
  std::string gtid(space == std::string_view::npos ? "" : text.substr(space + 1));
  return in_log(place.substr(0, colon), *offset, std::move(gtid));
}

Position Position::in_log(std::string_view log, std::uint64_t offset, std::string gtid) {
  std::size_t digits = 0;
  while (digits < log.size() && log[log.size() - 1 - digits] >= '0' &&
         log[log.size() - 1 - digits] <= '9') {
    ++digits;
  }
  Position p;
  p.log = log;
  p.sequence = number(log.substr(log.size() - digits)).value_or(0);
  p.offset = offset;
  p.gtid = std::move(gtid);
  return p;
}

}  // namespace wherry::model
