#include "model/counter.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace wherry::model {

namespace {

constexpr std::size_t most_digits = 30;  // far from where a Whole ends

Whole size_of(Whole number) { return number < 0 ? -number : number; }

}  // namespace

std::string text_of(Whole number) {
  std::string digits;
  for (Whole rest = size_of(number); rest != 0 || digits.empty(); rest /= 10) {
    digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  }
  if (number < 0) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::optional<Whole> whole(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > most_digits) return std::nullopt;
  Whole number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return negative ? -number : number;
}

std::string Counter::subject() const {
  switch (kind) {
    case Kind::auto_increment:
      return "auto_increment " + name.text();
    case Kind::sequence:
      return "sequence " + name.text();
    case Kind::row:
      return "row " + base::printable(row) + " of " + name.text();
  }
  return name.text();
}

bool Counter::exhausted() const {
  if (cycles) return false;
  return step > 0 ? next > last : next < last;
}

bool Counter::stands_before(const Counter& other) const {
  if (round != other.round) return round < other.round;
  return other.step > 0 ? next < other.next : next > other.next;
}

Whole margin(const Counter& earlier, const Counter& later, std::chrono::milliseconds between,
             std::chrono::milliseconds window, double safety) {
  const Whole counted = size_of(later.next - earlier.next);
  if (counted == 0 && later.round == earlier.round) return 0;
  // After a new round the way from the beginning is not known: all values there are.
  const Whole gone =
      later.round == earlier.round ? counted : std::max(counted, size_of(later.last));
  const double share =
      static_cast<double>(window.count()) / static_cast<double>(between.count()) * safety;
  constexpr double most = 1e20;  // past the range of every type
  return static_cast<Whole>(std::ceil(std::min(static_cast<double>(gone) * share, most)));
}

Counter lifted(Counter counter, Whole margin) {
  const Whole step = size_of(counter.step);
  const Whole distance = (margin + step - 1) / step * step;
  counter.next += counter.step > 0 ? distance : -distance;
  if (counter.cycles) {
    counter.next = counter.step > 0 ? std::min(counter.next, counter.last)
                                    : std::max(counter.next, counter.last);
  }
  return counter;
}

}  // namespace wherry::model
