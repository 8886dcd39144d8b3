#pragma once
// A directory tree as a store of objects: each file, directory and symlink is one, known by its
// path below the tree's root. See contract/object_store.h. Not carried: access and birth times,
// inode flags, security labels; fifos, sockets and devices are findings.

#include <memory>
#include <string>
#include <vector>

#include "contract/object_store.h"
#include "stores/file/attributes.h"
#include "stores/file/folder.h"

namespace wherry::stores::file {

class Store final : public contract::ObjectStore {
 public:
  // `root` may itself be a symlink, or lie behind one. Nothing is opened yet.
  Store(const std::string& root, Carried carried);

  std::string describe() const override;
  std::string identity() const override;
  std::vector<std::string> ancestry() const override;
  std::vector<model::Finding> assess(bool as_target) const override;
  std::string sort_bytes(const model::Key& key) const override;
  std::string text(const model::Key& key) const override;
  std::optional<model::Key> parent(const model::Key& key) const override;
  bool is_leftover(const model::Key& key) const override;
  void prepare_target() override;
  std::unique_ptr<contract::ObjectReader> reader() override;
  std::unique_ptr<contract::ObjectWriter> writer() override;

 private:
  Fd open_root() const;

  std::string path_;  // absolute, without a slash at its end
  Carried carried_;
  Fd held_;  // locked while this store is written to
};

}  // namespace wherry::stores::file
