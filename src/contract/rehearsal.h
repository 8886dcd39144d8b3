#pragma once
// What a rehearsal needs of the stores beside what every migration does: a target notes how its
// tables are made before others may do with them as they like, and makes them so again afterwards.
// Rows are not its business, but that a table which is made anew has none.

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/row_cascade.h"
#include "contract/row_writer.h"
#include "model/finding.h"

namespace wherry::contract {

struct MadeAsBefore {
  // Tables without rows and without chunk marks now.
  std::vector<model::CollectionId> emptied;
  std::vector<std::string> dropped;  // what was not there before, for people
  std::vector<model::Finding> left;  // what is not as it was, and is to be mended by hand
};

// Thread-safe. Errors: those of the store; Error(fenced).
class RehearsalTarget {
 public:
  RehearsalTarget() = default;
  RehearsalTarget(const RehearsalTarget&) = delete;
  RehearsalTarget& operator=(const RehearsalTarget&) = delete;
  virtual ~RehearsalTarget() = default;

  // All that is in the schemas of these tables, and how they are made. A text for the next two.
  virtual std::string look(const std::vector<TablePair>& tables) = 0;
  // Drops what was not there, and makes anew, empty, the tables that are otherwise than they were
  // or gone, and those of `again`. May be repeated, also after a crash in the middle of it: what is
  // as it was stays. `tables`: as they were given to look().
  virtual MadeAsBefore make_as_before(const Fence& fence, const std::string& looked,
                                      const std::vector<TablePair>& tables,
                                      const std::vector<TablePair>& again,
                                      const std::stop_token& stop) = 0;
  // What counts up by itself is where it was, or behind the greatest row that is there.
  virtual void count_as_before(const Fence& fence, const std::string& looked,
                               const std::vector<TablePair>& tables,
                               const std::stop_token& stop) = 0;
};

// A server that keeps its change log for some time. Thread-safe.
class KeptLog {
 public:
  KeptLog() = default;
  KeptLog(const KeptLog&) = delete;
  KeptLog& operator=(const KeptLog&) = delete;
  virtual ~KeptLog() = default;

  struct Keeping {
    std::optional<std::chrono::seconds> time;  // nothing: no file goes because of its age
    bool by_size = false;                      // … but perhaps because there are too many
  };
  virtual Keeping log_kept() = 0;
};

}  // namespace wherry::contract
