// Any text, taken for a position out of a journal or `_wherry`: nothing, or a position whose text
// reads back to the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/position.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using wherry::model::Position;
  const auto position = Position::parse({reinterpret_cast<const char*>(data), size});
  if (!position) return 0;
  const auto again = Position::parse(position->text());
  if (!again || again->text() != position->text() || *again != *position) std::abort();
  return 0;
}
