#pragma once
// The `source` and `target` sections of a config file. Internal to config.

#include <filesystem>
#include <optional>

#include "config/migration.h"
#include "config/reader.h"

namespace wherry::config {

enum class Side { source, target };

// `folder` is what relative paths are relative to.
std::optional<Store> read_store(const Field& field, Side side, const std::filesystem::path& folder,
                                Reader& reader);

// A path as written, made absolute; problems are noted.
std::optional<std::filesystem::path> read_path(const Field& field,
                                               const std::filesystem::path& folder, Reader& reader);

}  // namespace wherry::config
