// Any bytes, taken for MySQL's binary JSON. Whatever they are, the reader gives text or throws
// base::Error, and the text is not much greater than what it was made of.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "wire/mysql/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using wherry::wire::mysql::JsonStyle;
  // A byte of a text becomes "\u001f", an entry of three bytes ", " and a double of 18 digits.
  constexpr std::size_t most_a_byte = 32;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string text;
  for (const JsonStyle style : {JsonStyle{}, JsonStyle{.point = true}, JsonStyle{.types = true}}) {
    try {
      wherry::wire::mysql::read_json(bytes, style, text);
      if (text.size() > (size + 1) * most_a_byte) std::abort();
    } catch (const wherry::base::Error&) {
      // what no server could have written
    }
  }
  return 0;
}
