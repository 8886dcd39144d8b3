#pragma once
// A walk through a tree in key order that can be set anywhere and goes on from there. Holds the
// folders from the root to where it is open, with their names. Thread-safety: one thread.

#include <optional>
#include <string>
#include <vector>

#include "contract/object_store.h"
#include "stores/file/attributes.h"
#include "stores/file/names.h"

namespace wherry::stores::file {

class Walk {
 public:
  // `root` is borrowed, opened for reading.
  Walk(int root, Carried carried) : root_(root), carried_(carried) {}

  struct Found {
    std::string path;
    std::optional<contract::ObjectInfo> object;  // nothing: cannot be carried, as told
  };
  // The next file, directory or symlink. What cannot be carried or listed is told; `complete`
  // becomes false if names could not be read.
  std::optional<Found> next(std::vector<model::Finding>& findings, bool& complete);
  // Behind this path, which need not exist; nothing: to the very start.
  void go_after(const std::optional<std::string>& path, std::vector<model::Finding>& findings,
                bool& complete);

 private:
  struct Level {
    std::string path;
    Names names;
  };
  void enter(const std::string& path, const std::string& name, int folder,
             std::vector<model::Finding>& findings, bool& complete);
  std::optional<std::string> next_name(std::vector<model::Finding>& findings, bool& complete);
  std::optional<Found> look(int folder, const std::string& name, const std::string& path,
                            std::vector<model::Finding>& findings, bool& complete);

  int root_;
  Carried carried_;
  bool at_start_ = true;  // the root itself comes next
  std::vector<Level> levels_;
};

}  // namespace wherry::stores::file
