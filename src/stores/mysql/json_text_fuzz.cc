// Any text, taken for a document as a MySQL server prints it, or as typed text: it is taken apart,
// or refused by base::Error. What is plain once stays as it is.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "stores/mysql/json_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wherry::stores::mysql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string plain;
  try {
    plain = plain_json(text);
    for (const JsonQuestion& question : open_types(text, "`d`")) {
      if (question.begin > question.end || question.end > size) std::abort();
    }
    Statement statement;
    append_json_expression(statement, text);
  } catch (const wherry::base::Error&) {
    return 0;
  }
  try {
    if (plain_json(plain) != plain) std::abort();
  } catch (const wherry::base::Error&) {
    std::abort();
  }
  return 0;
}
