// Any bytes, taken for a key out of a journal or `_wherry`: nothing, or a key of the same bytes and
// of the same parts.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using wherry::model::Key;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto key = Key::from_bytes(bytes);
  if (!key) return 0;
  Key again;
  for (const std::string_view part : key->parts()) again.append(part);
  if (key->bytes() != bytes || again != *key) std::abort();
  (void)key->text();
  return 0;
}
