#include "config/globs.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"

namespace wherry::config {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal(char a, char b, Case fold) {
  return a == b || (fold == Case::ignore && lower(a) == lower(b));
}

// How many bytes the character at the start of `name` has; a byte that starts no UTF-8 character
// counts for itself.
std::size_t character_length(std::string_view name) {
  const auto lead = static_cast<unsigned char>(name[0]);
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (length > name.size()) return 1;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(name[i]) & 0xc0U) != 0x80) return 1;
  }
  return length;
}

// Takes one character off `rest`, with its backslash.
struct Character {
  char value = 0;
  bool escaped = false;
};
std::variant<Character, PatternError> take_character(std::string_view& rest) {
  const char c = rest[0];
  rest.remove_prefix(1);
  if (c != '\\') return Character{c, false};
  if (rest.empty()) return PatternError{"it ends in a backslash; write \\\\ for one"};
  const char next = rest[0];
  rest.remove_prefix(1);
  if (next != 'x') return Character{next, true};
  const std::optional<std::string> byte = base::from_hex(rest.substr(0, 2));
  if (rest.size() < 2 || !byte) return PatternError{"\\x needs two hex digits, such as \\xe9"};
  rest.remove_prefix(2);
  return Character{(*byte)[0], true};
}

// Where the first bare dot outside brackets is.
std::size_t find_dot(std::string_view text, std::size_t from = 0) {
  bool in_set = false;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '[') {
      in_set = true;
    } else if (text[i] == ']') {
      in_set = false;
    } else if (text[i] == '.' && !in_set) {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

class GlobParser {
 public:
  explicit GlobParser(std::string_view text) : rest_(text) {}

  std::variant<Glob, PatternError> parse() {
    if (rest_.empty()) return PatternError{"a name is empty"};
    Glob glob;
    while (!rest_.empty()) {
      auto taken = take_character(rest_);
      if (auto* error = std::get_if<PatternError>(&taken)) return *error;
      const Character c = std::get<Character>(taken);
      if (c.escaped || std::string_view("*?[").find(c.value) == std::string_view::npos) {
        add_literal(glob, c.value);
      } else if (c.value == '*') {
        if (glob.parts_.empty() || !std::holds_alternative<Glob::Any>(glob.parts_.back())) {
          glob.parts_.emplace_back(Glob::Any{});
        }
      } else if (c.value == '?') {
        glob.parts_.emplace_back(Glob::One{});
      } else if (auto error = parse_set(glob)) {
        return *error;
      }
    }
    return glob;
  }

 private:
  static void add_literal(Glob& glob, char c) {
    if (glob.parts_.empty() || !std::holds_alternative<std::string>(glob.parts_.back())) {
      glob.parts_.emplace_back(std::string());
    }
    std::get<std::string>(glob.parts_.back()) += c;
  }

  std::optional<PatternError> parse_set(Glob& glob) {
    Glob::Set set;
    if (rest_.starts_with('!')) {
      set.negated = true;
      rest_.remove_prefix(1);
    }
    while (!rest_.empty() && rest_[0] != ']') {
      auto low = take_byte();
      if (!low) return error_;
      unsigned char high = *low;
      if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
        rest_.remove_prefix(1);
        const auto taken = take_byte();
        if (!taken) return error_;
        high = *taken;
      }
      if (high < *low) return PatternError{"a range in [] runs backwards"};
      set.ranges.emplace_back(*low, high);
    }
    if (rest_.empty()) return PatternError{"'[' is not closed; write \\[ for the character"};
    if (set.ranges.empty()) return PatternError{"[] is empty"};
    rest_.remove_prefix(1);
    glob.parts_.emplace_back(std::move(set));
    return std::nullopt;
  }

  std::optional<unsigned char> take_byte() {
    auto taken = take_character(rest_);
    if (auto* error = std::get_if<PatternError>(&taken)) {
      error_ = *error;
      return std::nullopt;
    }
    const Character c = std::get<Character>(taken);
    const auto byte = static_cast<unsigned char>(c.value);
    if (byte >= 0x80 && !c.escaped) {
      error_ = PatternError{"[] takes ASCII characters and \\xHH bytes only"};
      return std::nullopt;
    }
    return byte;
  }

  std::string_view rest_;
  PatternError error_;
};

std::variant<Glob, PatternError> Glob::parse(std::string_view text) {
  return GlobParser(text).parse();
}

const std::string* Glob::literal() const {
  if (parts_.size() != 1) return nullptr;
  return std::get_if<std::string>(&parts_[0]);
}

bool Glob::matches(std::string_view name, Case fold) const {
  // Greedy with one point of return, the latest `*`: an earlier `*` never needs to grow once a
  // later one is reached.
  std::size_t part = 0;
  std::size_t retry_part = parts_.size();
  std::string_view retry_name;
  for (;;) {
    bool fits = false;
    std::size_t taken = 0;
    if (part == parts_.size()) {
      if (name.empty()) return true;
    } else if (std::holds_alternative<Any>(parts_[part])) {
      retry_part = part;
      retry_name = name;
      fits = true;
    } else if (const auto* text = std::get_if<std::string>(&parts_[part])) {
      taken = text->size();
      fits = name.size() >= taken && std::equal(text->begin(), text->end(), name.begin(),
                                                [&](char a, char b) { return equal(a, b, fold); });
    } else if (!name.empty()) {
      taken = std::holds_alternative<One>(parts_[part]) ? character_length(name) : 1;
      const auto* set = std::get_if<Set>(&parts_[part]);
      fits = set == nullptr || [&] {
        auto contains = [&](char c) {
          const auto byte = static_cast<unsigned char>(c);
          return std::any_of(set->ranges.begin(), set->ranges.end(), [&](const auto& range) {
            return range.first <= byte && byte <= range.second;
          });
        };
        const char c = name[0];
        bool in = contains(c);
        if (fold == Case::ignore) {
          const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
          in = in || contains(lower(c)) || contains(upper);
        }
        return in != set->negated;
      }();
      // "Not these" takes a whole character, as `?` does.
      if (set != nullptr && set->negated) taken = character_length(name);
    }
    if (fits) {
      name.remove_prefix(taken);
      ++part;
      continue;
    }
    if (retry_part == parts_.size() || retry_name.empty()) return false;
    retry_name.remove_prefix(1);
    name = retry_name;
    part = retry_part + 1;
  }
}

std::variant<TableGlob, PatternError> TableGlob::parse(std::string_view text) {
  const std::size_t dot = find_dot(text);
  if (dot == std::string_view::npos) {
    return PatternError{fmt::format("expected schema.table; for all its tables write {}.*",
                                    text.empty() ? "shop" : text)};
  }
  if (find_dot(text, dot + 1) != std::string_view::npos) {
    return PatternError{"there are two dots; write \\. for a dot inside a name"};
  }
  auto schema = Glob::parse(text.substr(0, dot));
  if (auto* error = std::get_if<PatternError>(&schema)) return *error;
  auto table = Glob::parse(text.substr(dot + 1));
  if (auto* error = std::get_if<PatternError>(&table)) return *error;
  return TableGlob{std::string(text), std::get<Glob>(std::move(schema)),
                   std::get<Glob>(std::move(table))};
}

bool TableGlob::matches(const model::CollectionName& name, Case fold) const {
  return schema.matches(name.schema, fold) && table.matches(name.name, fold);
}

std::variant<model::CollectionName, PatternError> parse_name(std::string_view text) {
  const std::size_t dot = find_dot(text);
  const bool whole_schema = dot == std::string_view::npos;
  if (!whole_schema && find_dot(text, dot + 1) != std::string_view::npos) {
    return PatternError{"there are two dots; write \\. for a dot inside a name"};
  }
  auto word = [](std::string_view part) -> std::variant<std::string, PatternError> {
    auto glob = Glob::parse(part);
    if (auto* error = std::get_if<PatternError>(&glob)) return *error;
    const std::string* literal = std::get<Glob>(glob).literal();
    if (literal == nullptr) return PatternError{"wildcards cannot be used here"};
    return *literal;
  };
  model::CollectionName name;
  auto schema = word(text.substr(0, dot));
  if (auto* error = std::get_if<PatternError>(&schema)) return *error;
  name.schema = std::get<std::string>(schema);
  if (whole_schema) return name;
  auto table = word(text.substr(dot + 1));
  if (auto* error = std::get_if<PatternError>(&table)) return *error;
  name.name = std::get<std::string>(table);
  return name;
}

bool is_system_schema(std::string_view schema) {
  constexpr std::array<std::string_view, 5> names{"mysql", "sys", "information_schema",
                                                  "performance_schema", "_wherry"};
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    return std::equal(name.begin(), name.end(), schema.begin(), schema.end(),
                      [](char a, char b) { return a == lower(b); });
  });
}

bool Tables::selects(const model::CollectionName& name, Case fold) const {
  if (is_system_schema(name.schema)) return false;
  auto matches = [&](const TableGlob& glob) { return glob.matches(name, fold); };
  return std::any_of(include.begin(), include.end(), matches) &&
         std::none_of(exclude.begin(), exclude.end(), matches);
}

}  // namespace wherry::config
