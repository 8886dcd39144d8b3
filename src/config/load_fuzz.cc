// Any text, taken for a migration's file: a migration, or at least one problem, and never both.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto loaded = wherry::config::parse({reinterpret_cast<const char*>(data), size},
                                            "/etc/wherry.yaml", {"", "", "/home/me", false});
  if (loaded.migration.has_value() != loaded.problems.empty()) std::abort();
  return 0;
}
