#pragma once
// Changes as a store's log tells them. Values; move them, they can be large.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/chunk.h"
#include "model/position.h"
#include "model/row.h"
#include "model/schema.h"

namespace wherry::model {

enum class ChangeKind { insert, update, remove };

// Changes of one kind to one collection, in the order of the log. Full images; all columns of the
// schema as of the event in table order, generated columns included.
struct RowEvent {
  CollectionId collection = 0;
  ChangeKind kind = ChangeKind::insert;
  bool cascades = true;  // false: its session had foreign keys switched off
  RowBatch before;       // update, remove
  RowBatch after;        // insert, update; same number of rows as `before` for update
};

// A change of definition. It stands alone in its part.
struct DdlEvent {
  std::string default_schema;
  std::string statement;
  std::string sql_mode;           // of the session that ran it, as the store writes it
  std::string charset;            // client character set; empty if unknown
  std::string collation;          // connection collation; empty if unknown
  std::string server_collation;   // what a schema gets that is made without a word about it
  std::string utf8mb4_collation;  // what utf8mb4 alone stands for, where sessions choose that
  bool json_is_text = false;      // the store's word JSON stands for a column of text
  std::string server;             // kind and series that ran it, "mysql 5.7"; empty if unknown
  std::int64_t unix_time = 0;
  // Parts of that second, and the session's time zone, where the log tells them: it does when the
  // statement used them.
  std::optional<std::uint32_t> microseconds;
  std::string time_zone;  // empty if unknown
  // explicit_defaults_for_timestamp of that session, where the log tells it.
  std::optional<bool> explicit_timestamps;
};

// A whole transaction, or one part of a large one (`last` is false for all its parts but the final
// one). A part without events only moves the position forward.
struct ChangePart {
  Position begin;  // where its transaction begins
  Position end;    // the position after it; meaningful when `last`
  bool last = true;
  std::chrono::system_clock::time_point committed_at;
  std::vector<RowEvent> events;
  std::vector<DdlEvent> ddl;  // at most one
  std::uint64_t log_bytes = 0;

  std::uint64_t weight() const {
    std::uint64_t total = 256;
    for (const auto& e : events) total += e.before.bytes() + e.after.bytes() + 128;
    for (const auto& d : ddl) total += d.statement.size();
    return total;
  }
};

}  // namespace wherry::model
