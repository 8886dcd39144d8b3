#pragma once
// The `cutover` section of a config file. Internal to config.

#include "config/migration.h"
#include "config/reader.h"

namespace wherry::config {

CutOver read_cutover(const Field& section, Reader& reader);

}  // namespace wherry::config
