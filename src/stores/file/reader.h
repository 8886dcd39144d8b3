#pragma once
// Lists a tree in key order and reads its files. See contract/object_store.h.

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/object_store.h"
#include "stores/file/attributes.h"
#include "stores/file/folder.h"
#include "stores/file/walk.h"

namespace wherry::stores::file {

class Reader final : public contract::ObjectReader {
 public:
  Reader(Fd root, Carried carried)
      : root_(std::move(root)),
        carried_(carried),
        walk_(root_.get(), carried),
        folders_(root_.get()) {}

  contract::ObjectPage list(const std::optional<model::Key>& after,
                            const std::optional<model::Key>& through, std::size_t limit) override;
  std::optional<contract::ObjectInfo> find(const model::Key& key) override;
  std::unique_ptr<contract::ObjectBody> open(const contract::ObjectInfo& object) override;

 private:
  Fd root_;
  Carried carried_;
  Walk walk_;
  Folders folders_;
  struct Step {
    std::optional<Walk::Found> found;  // nothing: the tree's end
    std::vector<model::Finding> findings;
    bool complete = true;
  };
  Step step();

  std::optional<std::string> last_;  // what the walk stands behind, not counting …
  std::optional<Step> read_ahead_;   // … this, which was beyond the last range
};

}  // namespace wherry::stores::file
