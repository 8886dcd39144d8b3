#pragma once
// What is told of the writes of others to the target: kept in the journal, shown by status and as a
// finding. A new proof of everything (`wherry verify`) covers what they wrote: then it is
// forgotten. Thread-safe as the journal is, but for two tell_foreign_writes() at once.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "journal/journal.h"

namespace wherry::engine {

inline constexpr std::string_view foreign_writes_code = "target.foreign_writes";
inline constexpr std::string_view not_watched_code = "target.not_watched";

// From where the target's log is read, in the form of WatchTarget; empty or missing: it is not
// read.
inline constexpr const char* watch_place_fact = "watch_place";
bool is_target_watched(journal::Journal& journal);

struct ForeignCounts {
  std::uint64_t transactions = 0;
  std::string last;                             // UTC; when the last one was seen
  std::map<std::string, std::uint64_t> tables;  // transactions, by the tables' names there
};

// Adds these to what is known.
void tell_foreign_writes(journal::Journal& journal, const ForeignCounts& more);
void forget_foreign_writes(journal::Journal& journal);
ForeignCounts foreign_writes(journal::Journal& journal);

}  // namespace wherry::engine
