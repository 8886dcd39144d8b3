#pragma once
// The names in one folder in the order of their bytes. Holds a bounded number of them at a time: a
// folder with more is read again for each further lot. Thread-safety: one thread.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "stores/file/folder.h"

namespace wherry::stores::file {

class Names {
 public:
  static constexpr std::size_t held_at_once = 500'000;

  // `folder` was opened for reading.
  explicit Names(Fd folder, std::size_t at_once = held_at_once)
      : folder_(std::move(folder)), at_once_(at_once) {}

  int folder() const { return folder_.get(); }
  // The next name; nothing after the last. Throws std::system_error if the folder cannot be read.
  std::optional<std::string> next();
  void rewind();
  void go_after(const std::string& name);  // whether or not it is there

 private:
  void load(const std::optional<std::string>& after);

  Fd folder_;
  std::size_t at_once_;
  bool loaded_ = false;
  std::optional<std::string> loaded_after_;  // held_ are the least names after this one …
  bool last_lot_ = false;                    // … and there are no more after them
  std::vector<std::string> held_;
  std::size_t at_ = 0;
};

}  // namespace wherry::stores::file
