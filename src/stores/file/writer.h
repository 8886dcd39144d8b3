#pragma once
// Writes a tree's files. See contract/object_store.h.

#include <string>
#include <vector>

#include "contract/object_store.h"
#include "stores/file/attributes.h"
#include "stores/file/folder.h"
#include "stores/file/paths.h"

namespace wherry::stores::file {

class Writer final : public contract::ObjectWriter {
 public:
  Writer(Fd root, Carried carried);

  void put(const contract::ObjectInfo& object, contract::ObjectBody& body) override;
  void make(const contract::ObjectInfo& object) override;
  void link(const model::Key& existing, const model::Key& key) override;
  void set_attributes(const contract::ObjectInfo& object) override;
  void remove(const model::Key& key) override;
  void sync() override;

 private:
  void write(int file, const contract::ObjectInfo& object, contract::ObjectBody& body,
             const std::string& path);
  void make_directory(int folder, const std::string& name, const std::string& path);

  Fd root_;
  Carried carried_;
  Folders folders_;
  Folders sources_of_links_;
  std::vector<char> buffer_;
};

}  // namespace wherry::stores::file
