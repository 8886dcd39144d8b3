#pragma once
// What is told of a rehearsal: while it goes on, and what the last one left. Values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace wherry::engine {

struct TestedTable {
  std::string name;        // on the target
  std::uint64_t keys = 0;  // touched, each counted once
  bool whole = false;      // touched, it is not known where: it will be copied again
};

// How a rehearsal ended.
struct TidiedUp {
  std::uint64_t keys = 0;                 // read from the source again
  std::vector<std::string> copied_again;  // tables
  std::vector<std::string> dropped;       // what the test had made
  double seconds = 0;                     // until following had taken over again
};

struct RehearsalView {
  std::string state;                          // of the migration
  std::string since;                          // UTC; empty: no rehearsal goes on
  std::string restore_point;                  // in the target's log
  std::string followed_to;                    // in the source's log
  std::string source_end;                     // of the source's log, now; empty: it is not known
  std::optional<std::uint64_t> behind_bytes;  // nothing: the log has gone on to another file
  std::uint64_t transactions = 0;             // of others on the target, that touched the tables
  std::vector<TestedTable> tables;
  bool counted_all = true;  // false: the target's log has more than could be read at once
  std::optional<std::string> error_code;     // why the last `end` did not undo it, or why it is not
  std::optional<std::string> error_message;  // known what the test changed
  std::optional<TidiedUp> last;
};

void to_json(nlohmann::json& j, const RehearsalView& view);

}  // namespace wherry::engine
