#include "stores/mysql/json_match.h"

#include <vector>

#include "base/text.h"
#include "stores/mysql/json_text.h"

namespace wherry::stores::mysql {

namespace {

bool is_double(std::string_view text, std::string_view mark) {
  return text[0] != '"' && mark.empty() && text.find_first_of(".e") != std::string_view::npos;
}

std::string printed(std::string_view typed, const std::vector<JsonQuestion>& values, bool point) {
  constexpr std::string_view no_fraction = ".0";
  std::string out;
  std::size_t done = 0;
  for (const JsonQuestion& value : values) {
    std::string_view text = typed.substr(value.begin, value.end - value.begin);
    const bool marked_in_front = text[0] == '"';
    out.append(typed, done, value.begin - (marked_in_front ? value.mark.size() : 0) - done);
    done = value.end + (marked_in_front ? 0 : value.mark.size());
    if (!point && is_double(text, value.mark) && text.ends_with(no_fraction)) {
      text.remove_suffix(no_fraction.size());
    }
    out += text;
  }
  return out.append(typed, done);
}

// As JSON_TYPE says it.
std::string_view type_of(std::string_view text, std::string_view mark) {
  if (text[0] != '"') {
    if (mark == "u") return "UNSIGNED INTEGER";
    if (mark == "m") return "DECIMAL";
    return is_double(text, mark) ? "DOUBLE" : "INTEGER";
  }
  if (mark == "date") return "DATE";
  if (mark == "time") return "TIME";
  if (mark == "datetime") return "DATETIME";
  if (mark == "timestamp") return "TIMESTAMP";
  return "STRING";
}

}  // namespace

void append_same_json(std::string& out, std::string_view typed, const std::string& document,
                      bool point) {
  const auto values = open_types(typed, document);
  out += "CAST(" + document + " AS BINARY)=x'" + base::to_hex(printed(typed, values, point)) + "'";
  if (values.empty()) return;
  // In one comparison: what servers take for a condition of many costs them its square.
  std::string types;
  out += " AND CONCAT_WS(','";
  for (const JsonQuestion& value : values) {
    out.append(",JSON_TYPE(").append(value.expression).append(")");
    if (!types.empty()) types += ',';
    if (value.mark == "opaque") {  // of which column type, its text says
      out += "='STRING'";
      types += '0';
    } else {
      types += type_of(typed.substr(value.begin, value.end - value.begin), value.mark);
    }
  }
  out += ")='" + types + "'";
}

}  // namespace wherry::stores::mysql
