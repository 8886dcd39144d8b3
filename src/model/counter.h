#pragma once
// What counts up by itself on a server: the AUTO_INCREMENT of a table, a sequence, a row of a table
// that an application takes its numbers from. After a switch each must stand past every value that
// was given out before it. Values; pure functions.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/schema.h"

namespace wherry::model {

// From −2⁶³ to 2⁶⁴−1 and beyond: what counters of every kind hold, and sums of it.
__extension__ typedef __int128 Whole;
std::string text_of(Whole number);
std::optional<Whole> whole(std::string_view text);  // of decimal digits, at most 30, with a sign

struct Counter {
  enum class Kind { auto_increment, sequence, row };
  Kind kind = Kind::auto_increment;
  CollectionName name;      // of the table or the sequence, on the source
  std::string row;          // of a row: what its name column holds, to the byte
  Whole next = 1;           // no value from here on was given out
  Whole step = 1;           // negative: it counts down; never 0
  Whole last = 0;           // the furthest value that its type or its definition allows
  bool cycles = false;      // begins anew after the last
  std::uint64_t round = 0;  // how often it did

  std::string subject() const;  // printable: "auto_increment shop.orders", "row orders of shop.seq"
  bool exhausted() const;       // there is no next value
  // Whether it gives values that `other`, the same counter elsewhere, has given already.
  bool stands_before(const Counter& other) const;

  friend bool operator==(const Counter&, const Counter&) = default;
};

// How far a counter is lifted past what it shows: what it would count in `window` at the rate that
// two looks at it tell, times `safety`, rounded up. 0 if it stood still. Requires: `between` > 0.
Whole margin(const Counter& earlier, const Counter& later, std::chrono::milliseconds between,
             std::chrono::milliseconds window, double safety);

// By at least so much, in whole steps. One that cycles goes no further than its last value; any
// other may be exhausted then.
Counter lifted(Counter counter, Whole margin);

}  // namespace wherry::model
