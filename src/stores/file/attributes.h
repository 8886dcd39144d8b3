#pragma once
// What a file has besides its content, as attributes of an object: mode, owner, link target,
// extended attributes (POSIX ACLs are among them). Functions without state.

#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "contract/object_store.h"
#include "model/finding.h"

namespace wherry::stores::file {

struct Carried {
  bool owners = false;  // and what only root may set
};

// Another one whenever the file may have been written to.
std::string version_of(const struct stat& is);

// What `name` in `folder` is. Requires: `is` is its lstat and it is a file, directory or symlink.
// Attributes that cannot be carried are told. Throws Error.
contract::ObjectInfo describe(int folder, const std::string& name, const std::string& path,
                              const struct stat& is, Carried carried,
                              std::vector<model::Finding>& findings);

// Makes an open file (O_PATH will do) look like `object`; content and name stay. Throws Error.
void apply(int file, const contract::ObjectInfo& object, std::string_view path, Carried carried);

}  // namespace wherry::stores::file
