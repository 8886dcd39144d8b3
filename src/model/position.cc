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

std::optional<Position::Place> place(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto offset = number(text.substr(colon + 1));
  if (!offset) return std::nullopt;
  return Position::Place{std::string(text.substr(0, colon)), *offset};
}

// The word at the head of `rest`, which loses it and the space behind it.
std::string_view next_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return word;
}

constexpr std::string_view since_word = "since ";

}  // namespace

std::string Position::text() const {
  std::string out = fmt::format("{}:{}", log, offset);
  if (since) out += fmt::format(" {}{}:{}", since_word, since->log, since->offset);
  if (!gtid.empty()) out += " " + gtid;
  return out;
}

std::optional<Position> Position::parse(std::string_view text) {
  const auto here = place(next_word(text));
  if (!here) return std::nullopt;
  std::optional<Place> since;
  if (text.starts_with(since_word)) {
    text.remove_prefix(since_word.size());
    since = place(next_word(text));
    if (!since) return std::nullopt;
  }
  Position p = in_log(here->log, here->offset, std::string(text));
  p.since = std::move(since);
  return p;
}

Position Position::to_read_from() const {
  return since ? in_log(since->log, since->offset) : *this;
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
