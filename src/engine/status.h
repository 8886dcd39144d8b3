#pragma once
// What a migration's state is, told from the journal, and from the running process where there is
// one. One source of truth: the CLI, the local socket and the progress display all show this
// document.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/states.h"
#include "journal/journal.h"
#include "model/finding.h"

namespace wherry::engine {

struct Counters;

struct TableStatus {
  std::string name;
  std::string target;
  std::string state;  // "waiting", "copying", "copied", "proved", "different"
  std::uint64_t rows = 0;
  std::uint64_t rows_estimate = 0;
  std::uint64_t bytes = 0;
  std::uint64_t chunks_done = 0;
  std::uint64_t chunks = 0;
  bool planned = false;  // all chunks are known
  std::uint64_t chunks_proved = 0;
  std::uint64_t chunks_different = 0;  // looked at, and not equal
  std::uint64_t rows_proved = 0;
  std::uint64_t dirty_keys = 0;
  std::uint64_t differences = 0;
};

// Writes of others to the target (foreign_writes.h).
struct ForeignStatus {
  bool watched = false;             // the target's log tells of them
  std::uint64_t transactions = 0;   // since the last `wherry verify`
  std::optional<std::string> last;  // UTC
  // What the log held when watching began was looked through: until then proofs of an earlier run
  // may be out of date.
  bool looked_through = true;
};

// A trigger or event that is not made before the switch.
struct HeldBackStatus {
  std::string kind;
  std::string name;
};

struct Status {
  std::string migration;
  std::string state;
  std::string active = "source";  // which side applications write to: or "target"
  bool paused = false;
  bool running = false;
  std::optional<std::int64_t> pid;
  std::string since;  // UTC, when the running process started
  std::string source;
  std::string target;
  std::string position;  // applied, or last saved
  std::optional<double> lag_seconds;
  bool backing_off = false;
  bool yielding = false;           // others use the source: it is read in pieces
  std::uint64_t transactions = 0;  // by the running process
  std::uint64_t changes = 0;
  double rows_per_second = 0;
  double bytes_per_second = 0;
  double changes_per_second = 0;
  std::optional<std::uint64_t> eta_seconds;
  std::optional<std::string> oldest_proof;
  std::optional<std::uint64_t>
      dirty_keys;  // nothing = only the running process or the target knows
  ForeignStatus foreign;
  std::vector<TableStatus> tables;
  std::vector<HeldBackStatus> held_back;
  std::vector<model::Finding> findings;
  std::optional<std::string> error_code;
  std::optional<std::string> error_message;

  bool all_proved() const;  // every chunk of every table; dirty keys are counted beside it
};
void to_json(nlohmann::json& j, const Status& s);  // {"schema":1,"kind":"status",…}

// From the journal alone: what holds when nothing runs.
Status status_of(const std::string& migration, journal::Journal& journal);

// Makes of a direction's status that of the migration, which is in this state: its sides are those
// of the configuration, whichever is followed now.
void tell_as_a_whole(Status& status, State state);

// Rates over the last seconds. Thread-safe.
class StatusMeter {
 public:
  void sample(const Counters& counters);  // call about once a second
  void fill(Status& status) const;

 private:
  mutable std::mutex mutex_;
  std::chrono::steady_clock::time_point at_{};
  double rows_ = 0, bytes_ = 0, changes_ = 0;  // at the last sample
  double rows_rate_ = 0, bytes_rate_ = 0, changes_rate_ = 0;
};

}  // namespace wherry::engine
