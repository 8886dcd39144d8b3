#pragma once
// A place in a store's change log: a boundary between two transactions. Values; ordered within one
// log. mysql: log = binlog file name, sequence = the number at its end, offset = byte offset; gtid
// is carried along for people and for failover, and takes no part in the order; nor does since:
// what stands in the log before this position may belong to transactions that end only after it,
// and who goes on from here must have read the log from since on to know it. memory: sequence 0,
// offset = index of the next change.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wherry::model {

struct Position {
  std::string log;
  std::uint64_t sequence = 0;
  std::uint64_t offset = 0;
  std::string gtid;
  struct Place {
    std::string log;
    std::uint64_t offset = 0;
  };
  std::optional<Place> since;  // nothing: this position itself

  // "mysql-bin.000003:1234 0-1-77", "mysql-bin.000003:1234 since mysql-bin.000002:96 0-1-77";
  // parse() reads it back.
  std::string text() const;
  static std::optional<Position> parse(std::string_view text);
  // From a log file's name ("mysql-bin.000003"): its trailing digits are the sequence.
  static Position in_log(std::string_view log, std::uint64_t offset, std::string gtid = {});

  // Where reading has to begin to go on from here.
  Position to_read_from() const;

  friend std::strong_ordering operator<=>(const Position& a, const Position& b) {
    if (const auto by_log = a.sequence <=> b.sequence; by_log != 0) return by_log;
    return a.offset <=> b.offset;
  }
  friend bool operator==(const Position& a, const Position& b) { return (a <=> b) == 0; }
};

// What a read can be said to be equal to: everything up to `low` is in it, nothing after `high` is.
struct Bracket {
  Position low;
  Position high;
  bool exact() const { return low == high; }
};

}  // namespace wherry::model
