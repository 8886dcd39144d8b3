#pragma once
// The row events of one transaction that is not over, first in, first out: in memory, or, once told
// to, in a temporary file that has no name (in TMPDIR, readable by this process alone, gone with
// it). Movable. Not thread-safe. Errors: rejected "source.spool" where the file cannot be made,
// written or read.

#include <cstdint>
#include <deque>
#include <vector>

#include "model/change.h"

namespace wherry::stores::mysql {

class HeldRows {
 public:
  HeldRows() = default;
  HeldRows(HeldRows&& other) noexcept;
  HeldRows& operator=(HeldRows&& other) noexcept;
  ~HeldRows();

  void add(std::vector<model::RowEvent> run);
  // The oldest run that was added. Requires: not empty().
  std::vector<model::RowEvent> take();
  bool empty() const { return spooled_ == 0 && runs_.empty(); }

  void spool();  // what is in memory goes to the file
  std::uint64_t bytes_in_memory() const { return bytes_; }

 private:
  std::deque<std::vector<model::RowEvent>> runs_;  // later than those in the file
  std::uint64_t bytes_ = 0;                        // of `runs_`
  int file_ = -1;
  std::uint64_t spooled_ = 0;  // runs in the file that were not taken
  std::uint64_t read_at_ = 0;
  std::uint64_t write_at_ = 0;
};

}  // namespace wherry::stores::mysql
