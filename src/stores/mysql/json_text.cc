#include "stores/mysql/json_text.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using Kind = JsonNode::Kind;

constexpr unsigned deepest = 100;  // of any server

[[noreturn]] void malformed(const char* why) {
  throw Error(ErrorKind::data_mismatch, "mysql.json", why);
}

bool is_letter(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  JsonNode document() {
    JsonNode node = value(0);
    skip_space();
    if (at_ != text_.size()) malformed("a JSON document goes on behind its end");
    return node;
  }

 private:
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char next() {
    skip_space();
    return peek();
  }

  // A server breaks the lines of long base64 inside the quotes.
  std::string_view quoted() {
    const std::size_t begin = at_;
    if (peek() != '"') malformed("a JSON document has no string where one must be");
    for (++at_; peek() != '"'; ++at_) {
      if (peek() == '\\') ++at_;
      if (at_ >= text_.size()) malformed("a JSON string does not end");
    }
    ++at_;
    return text_.substr(begin, at_ - begin);
  }

  template <typename Is>
  std::string_view run(Is is) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  JsonNode value(unsigned depth) {
    if (depth > deepest) malformed("a JSON document is nested too deeply");
    JsonNode node;
    const char first = next();
    const std::size_t begin = at_;
    if (first == '{' || first == '[') {
      container(node, first == '{', depth);
      node.text = text_.substr(begin, at_ - begin);
    } else if (first == '"') {
      node.kind = Kind::string;
      node.text = quoted();
    } else if (first == '-' || is_digit(first)) {
      number(node);
    } else {
      const std::string_view word = run(is_letter);
      if (peek() == '"') {
        node.kind = Kind::string;
        node.mark = word;
        node.text = quoted();
        node.made_by_expression = true;
      } else if (word == "null" || word == "true" || word == "false") {
        node.text = word;
      } else {
        malformed("a JSON document holds what is no value");
      }
    }
    return node;
  }

  void container(JsonNode& node, bool object, unsigned depth) {
    const char close = object ? '}' : ']';
    node.kind = object ? Kind::object : Kind::array;
    ++at_;
    if (next() == close) {
      ++at_;
      return;
    }
    for (;;) {
      std::string_view key;
      if (object) {
        skip_space();
        key = quoted();
        if (next() != ':') malformed("a JSON object has a key without a value");
        ++at_;
      }
      node.members.push_back(value(depth + 1));
      node.members.back().key = key;
      node.made_by_expression |= node.members.back().made_by_expression;
      const char c = next();
      ++at_;
      if (c == close) return;
      if (c != ',') malformed("a JSON document ends in the middle");
    }
  }

  void number(JsonNode& node) {
    node.kind = Kind::number;
    node.text =
        run([](char c) { return is_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e'; });
    if (!is_number(node.text)) malformed("a JSON document holds a number that is none");
    if (peek() == 'u' || peek() == 'm') {
      node.mark = text_.substr(at_, 1);
      ++at_;
    }
    node.made_by_expression = !reads_back(node);
  }

  static bool is_number(std::string_view text) {
    double value = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data(), last, value);
    return end == last && error != std::errc::invalid_argument;
  }

  // A server reads whole numbers of up to 32 bits as signed and greater ones as unsigned, and
  // doubles exactly only when they are short.
  static bool reads_back(const JsonNode& node) {
    if (node.mark == "m") return false;
    if (node.text.find_first_of(".e") != std::string_view::npos) return is_short(node.text);
    if (node.text[0] == '-') return node.mark.empty();
    std::uint64_t value = 0;
    const auto parsed =
        std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
    if (parsed.ec == std::errc::result_out_of_range) return false;  // of a decimal
    const bool large = value > std::numeric_limits<std::uint32_t>::max();
    return large == (node.mark == "u");
  }

  // Its digits and the power of ten they are multiplied by are both exact doubles.
  static bool is_short(std::string_view text) {
    constexpr int most_digits = 15;
    constexpr int greatest_power = 22;
    const std::size_t e = text.find('e');
    int power = 0;
    if (e != std::string_view::npos) {
      const std::size_t first = e + (text.substr(e + 1).starts_with('+') ? 2 : 1);
      std::from_chars(text.data() + first, text.data() + text.size(), power);
    }
    const std::string_view mantissa = text.substr(0, e);
    const std::size_t point = mantissa.find('.');
    if (point != std::string_view::npos) power -= static_cast<int>(mantissa.size() - point - 1);
    return std::count_if(mantissa.begin(), mantissa.end(), is_digit) <= most_digits &&
           power >= -greatest_power && power <= greatest_power;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// ---- What the server's text leaves open.

// As the server prints days and times, and more.
bool may_be_time(std::string_view quoted) {
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  constexpr std::size_t longest = 26;
  return text.size() >= 8 && text.size() <= longest &&
         std::count_if(text.begin(), text.end(), [](char c) { return c == '-' || c == ':'; }) > 1 &&
         text.find_first_not_of("0123456789-:. ") == std::string_view::npos;
}

bool is_open(const JsonNode& node) {
  return node.kind == Kind::number ||
         (node.kind == Kind::string &&
          (!node.mark.empty() || node.text.starts_with("\"base64:type") || may_be_time(node.text)));
}

void append_utf8(std::string& out, std::string_view text) {
  out += "_utf8mb4'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

std::string extract(const std::string& from, std::string_view path) {
  std::string out = "JSON_EXTRACT(" + from + ",";
  append_utf8(out, path);
  return out += ')';
}

class Questions {
 public:
  Questions(const char* begin, std::vector<JsonQuestion>& out) : begin_(begin), out_(out) {}

  void ask(const JsonNode& node, const std::string& from, const std::string& path) {
    if (is_open(node)) {
      const auto at = static_cast<std::size_t>(node.text.data() - begin_);
      out_.push_back({extract(from, path), at, at + node.text.size(), node.mark});
      return;
    }
    for (std::size_t i = 0; i < node.members.size(); ++i) {
      const JsonNode& member = node.members[i];
      if (node.kind == Kind::array) {
        ask(member, from, fmt::format("{}[{}]", path, i));
      } else if (member.key != "\"\"") {
        ask(member, from, fmt::format("{}.{}", path, member.key));
      } else {
        // No path names an empty key; but it is the shortest, and so its object's first.
        ask(member, extract(from, path + ".*"), "$[0]");
      }
    }
  }

 private:
  const char* begin_;
  std::vector<JsonQuestion>& out_;
};

void append_typed(std::string& out, std::string_view text, std::string_view type) {
  if (text[0] != '"') {
    out += text;
    if (type == "UNSIGNED INTEGER") {
      out += 'u';
    } else if (type == "DECIMAL") {
      out += 'm';
    } else if (type == "DOUBLE") {
      if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
    } else if (type != "INTEGER") {
      malformed("the server calls a number of a document something else");
    }
    return;
  }
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> marks{{
      {"STRING", ""},
      {"DATE", "date"},
      {"TIME", "time"},
      {"DATETIME", "datetime"},
      {"TIMESTAMP", "timestamp"},
      {"BLOB", "opaque"},
      {"BIT", "opaque"},
      {"OPAQUE", "opaque"},
  }};
  const auto* const known =
      std::find_if(marks.begin(), marks.end(), [&](const auto& m) { return m.first == type; });
  if (known == marks.end()) malformed("the server calls a string of a document something else");
  out.append(known->second).append(text);
}

// ---- Expressions.

void append_plain(std::string& out, const JsonNode& node) {
  if (node.kind != Kind::object && node.kind != Kind::array) {
    out += node.text;
    return;
  }
  const bool object = node.kind == Kind::object;
  out += object ? '{' : '[';
  for (const JsonNode& member : node.members) {
    if (&member != &node.members.front()) out += ", ";
    if (object) out.append(member.key).append(": ");
    append_plain(out, member);
  }
  out += object ? '}' : ']';
}

std::string decoded(std::string_view base64) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : base64) {
    unsigned value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = static_cast<unsigned>(c - 'A');
    } else if (c >= 'a' && c <= 'z') {
      value = static_cast<unsigned>(c - 'a') + 26;
    } else if (is_digit(c)) {
      value = static_cast<unsigned>(c - '0') + 52;
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else {
      continue;  // the ends of lines, and of it all
    }
    bits = (bits << 6U) | value;
    if (++count % 4 != 1) out += static_cast<char>((bits >> (6 - 2 * ((count - 1) % 4))) & 0xffU);
  }
  return out;
}

// "base64:type15:QUJD": the bytes of a column or expression of type 15.
void append_opaque(Statement& out, const JsonNode& node) {
  constexpr std::string_view head = "\"base64:type";
  constexpr unsigned varchar = 15;
  constexpr unsigned bit = 16;
  constexpr unsigned tiny_blob = 249;
  constexpr unsigned string = 254;
  const std::size_t colon = node.text.find(':', head.size());
  if (!node.text.starts_with(head) || colon == std::string_view::npos) {
    malformed("bytes in a document do not tell their type");
  }
  unsigned type = 0;
  std::from_chars(node.text.data() + head.size(), node.text.data() + colon, type);
  std::string bytes = decoded(node.text.substr(colon + 1, node.text.size() - colon - 2));
  if (type == varchar || type == bit) {
    out.sql.append(type == varchar ? "_binary x'" : "x'").append(base::to_hex(bytes)) += '\'';
  } else if (type >= tiny_blob && type <= string) {
    out.sql += '?';
    out.parameters.push_back({type, std::move(bytes)});
  } else {
    throw Error(ErrorKind::not_supported, "target.json_value",
                fmt::format("a document holds bytes of type {}, which no statement makes on a "
                            "MySQL server: {}",
                            type, base::printable(node.text.substr(0, 100))));
  }
}

void append_string(Statement& out, const JsonNode& node) {
  const std::string_view text = node.text.substr(1, node.text.size() - 2);
  if (node.mark == "date") {
    out.sql.append("CAST('").append(text).append("' AS DATE)");
  } else if (node.mark == "time") {
    out.sql.append("CAST('").append(text).append("' AS TIME(6))");
  } else if (node.mark == "datetime") {
    out.sql.append("CAST('").append(text).append("' AS DATETIME(6))");
  } else if (node.mark == "timestamp") {
    out.sql += '?';
    out.parameters.push_back({Parameter::timestamp, std::string(text)});
  } else if (node.mark == "opaque") {
    append_opaque(out, node);
  } else {
    malformed("a document holds a string of no known type");
  }
}

void append_number(std::string& out, const JsonNode& node) {
  if (node.mark == "m") {
    const std::size_t point = node.text.find('.');
    const std::size_t scale = point == std::string_view::npos ? 0 : node.text.size() - point - 1;
    out += fmt::format("CAST({} AS DECIMAL(65,{}))", node.text, scale);
  } else if (node.mark == "u") {
    out += fmt::format("CAST({} AS UNSIGNED)", node.text);
  } else {
    out += node.text;
    const bool exponent = node.text.find('e') != std::string_view::npos;
    if (!exponent && node.text.find('.') != std::string_view::npos) out += "e0";
  }
}

void append_key(std::string& out, std::string_view key) {
  if (key.find('\\') == std::string_view::npos) {
    return append_utf8(out, key.substr(1, key.size() - 2));
  }
  out += "JSON_UNQUOTE(";
  append_utf8(out, key);
  out += ')';
}

// A value of an argument of JSON_ARRAY or JSON_OBJECT.
void append_argument(Statement& out, const JsonNode& node) {
  if (!node.made_by_expression) {
    std::string plain;
    append_plain(plain, node);
    out.sql += "CAST(";
    append_utf8(out.sql, plain);
    out.sql += " AS JSON)";
    return;
  }
  switch (node.kind) {
    case Kind::string:
      return append_string(out, node);
    case Kind::number:
      return append_number(out.sql, node);
    case Kind::literal:
      break;  // is always made of its text
    case Kind::object:
    case Kind::array:
      out.sql += node.kind == Kind::object ? "JSON_OBJECT(" : "JSON_ARRAY(";
      for (const JsonNode& member : node.members) {
        if (&member != &node.members.front()) out.sql += ',';
        if (node.kind == Kind::object) {
          append_key(out.sql, member.key);
          out.sql += ',';
        }
        append_argument(out, member);
      }
      out.sql += ')';
      return;
  }
}

}  // namespace

JsonNode read_json_text(std::string_view text) { return Reader(text).document(); }

std::vector<JsonQuestion> open_types(std::string_view text, const std::string& document) {
  std::vector<JsonQuestion> out;
  Questions(text.data(), out).ask(read_json_text(text), document, "$");
  return out;
}

std::string typed_json(std::string_view server_text, const std::vector<JsonQuestion>& questions,
                       const std::vector<std::string_view>& types) {
  assert(questions.size() == types.size());
  std::string out;
  std::size_t done = 0;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    const JsonQuestion& q = questions[i];
    out.append(server_text, done, q.begin - done);
    append_typed(out, server_text.substr(q.begin, q.end - q.begin), types[i]);
    done = q.end;
  }
  out.append(server_text, done);
  return out;
}

std::string plain_json(std::string_view typed) {
  std::string out;
  append_plain(out, read_json_text(typed));
  return out;
}

bool needs_expression(std::string_view typed) { return read_json_text(typed).made_by_expression; }

void append_json_expression(Statement& out, std::string_view typed) {
  const JsonNode node = read_json_text(typed);
  const bool scalar = node.kind != Kind::object && node.kind != Kind::array;
  if (!scalar || !node.made_by_expression) return append_argument(out, node);
  // A value that is no document in itself becomes one as an array's only member.
  out.sql += "JSON_EXTRACT(JSON_ARRAY(";
  append_argument(out, node);
  out.sql += "),_utf8mb4'$[0]')";
}

}  // namespace wherry::stores::mysql
