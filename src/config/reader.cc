#include "config/reader.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "config/units.h"

namespace wherry::config {

namespace {

constexpr std::uint64_t no_bound = UINT64_MAX;

std::string whole_form(std::uint64_t low, std::uint64_t high) {
  if (high == no_bound) return fmt::format("a whole number from {}", low);
  return fmt::format("a whole number from {} to {}", low, high);
}

}  // namespace

void Reader::bad_value(const Field& field, std::string_view got, std::string_view form) {
  problems_.add(field.place(), "config.bad_value",
                fmt::format("{}: '{}' does not fit", field.path, base::printable(got)),
                fmt::format("expected {}", form));
}

const std::string* Reader::scalar(const Field& field, std::string_view form) {
  if (!field || field.node->kind == Node::Kind::refused) return nullptr;
  if (field.node->kind == Node::Kind::scalar) return &field.node->scalar;
  problems_.add(field.place(), "config.wrong_type",
                fmt::format("{}: {} is given", field.path, field.node->kind_text()),
                fmt::format("expected {}", form));
  return nullptr;
}

std::optional<std::string> Reader::text(const Field& field, std::string_view form) {
  const std::string* value = scalar(field, form);
  if (value == nullptr) return std::nullopt;
  if (value->empty()) {
    bad_value(field, *value, form);
    return std::nullopt;
  }
  return *value;
}

std::optional<std::uint64_t> Reader::whole(const Field& field, std::uint64_t low,
                                           std::uint64_t high) {
  const std::string form = whole_form(low, high);
  const std::string* value = scalar(field, form);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::uint64_t> number = parse_whole(*value);
  if (!number) {
    bad_value(field, *value, form);
    return std::nullopt;
  }
  if (*number < low || *number > high) {
    problems_.add(field.place(), "config.out_of_range",
                  fmt::format("{}: {} is out of range", field.path, *number), "expected " + form);
    return std::nullopt;
  }
  return number;
}

std::optional<std::optional<std::uint64_t>> Reader::whole_or_unlimited(const Field& field) {
  if (field && field.node->kind == Node::Kind::scalar && field.node->scalar == "unlimited") {
    return std::optional<std::uint64_t>();
  }
  const std::optional<std::uint64_t> number = whole(field, 1, no_bound);
  if (!number) return std::nullopt;
  return number;
}

std::optional<bool> Reader::boolean(const Field& field) {
  const std::optional<std::size_t> index = choice(field, {"true", "false"});
  if (!index) return std::nullopt;
  return *index == 0;
}

std::optional<base::Bytes> Reader::size(const Field& field, base::Bytes low) {
  const std::string* value = scalar(field, size_form);
  if (value == nullptr) return std::nullopt;
  const std::optional<base::Bytes> bytes = parse_size(*value);
  if (!bytes) {
    bad_value(field, *value, size_form);
    return std::nullopt;
  }
  if (*bytes < low) {
    problems_.add(field.place(), "config.out_of_range",
                  fmt::format("{}: {} is too little", field.path, base::printable(*value)),
                  fmt::format("the least is {}", base::human_bytes(low.count)));
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::optional<base::Bytes>> Reader::rate_or_unlimited(const Field& field) {
  const std::string* value = scalar(field, rate_form);
  if (value == nullptr) return std::nullopt;
  if (*value == "unlimited") return std::optional<base::Bytes>();
  const std::optional<base::Bytes> bytes = parse_rate(*value);
  if (!bytes || bytes->count == 0) {
    bad_value(field, *value, rate_form);
    return std::nullopt;
  }
  return bytes;
}

std::optional<std::chrono::milliseconds> Reader::duration(const Field& field) {
  const std::string* value = scalar(field, duration_form);
  if (value == nullptr) return std::nullopt;
  const auto parsed = parse_duration(*value);
  if (!parsed || parsed->count() == 0) {
    bad_value(field, *value, duration_form);
    return std::nullopt;
  }
  return parsed;
}

std::optional<std::size_t> Reader::choice(const Field& field,
                                          const std::vector<std::string>& words) {
  const std::string form = fmt::format("{}", fmt::join(words, ", "));
  const std::string* value = scalar(field, "one of " + form);
  if (value == nullptr) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *value);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string near = nearest(*value, words);
  problems_.add(field.place(), "config.bad_value",
                fmt::format("{}: '{}' does not fit", field.path, base::printable(*value)),
                near.empty() ? fmt::format("expected {}{}", words.size() > 1 ? "one of " : "", form)
                             : fmt::format("did you mean '{}'?", near));
  return std::nullopt;
}

std::optional<std::vector<Field>> Reader::list(const Field& field, std::string_view form) {
  if (!field || field.node->kind == Node::Kind::refused) return std::nullopt;
  if (field.node->kind != Node::Kind::sequence) {
    problems_.add(field.place(), "config.wrong_type",
                  fmt::format("{}: {} is given", field.path, field.node->kind_text()),
                  fmt::format("expected {}", form));
    return std::nullopt;
  }
  std::vector<Field> fields;
  std::size_t index = 0;
  for (const Node& item : field.node->items) {
    fields.push_back({&item, fmt::format("{}[{}]", field.path, index++)});
  }
  return fields;
}

Keys::Keys(const Field& map, std::string_view form, Reader& reader)
    : place_(map.place()), path_(map.path), reader_(reader) {
  if (!map || map.node->kind == Node::Kind::refused) return;
  if (map.node->kind == Node::Kind::map) {
    map_ = map.node;
    return;
  }
  reader.problems().add(
      map.place(), "config.wrong_type",
      fmt::format("{}: {} is given", path_.empty() ? "the file" : path_, map.node->kind_text()),
      fmt::format("expected {}", form));
}

const Entry* Keys::find(std::string_view key) const {
  if (map_ == nullptr) return nullptr;
  for (const Entry& entry : map_->entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

Field Keys::get(std::string_view key) {
  known_.emplace_back(key);
  const Entry* entry = find(key);
  return {entry == nullptr ? nullptr : &entry->value,
          path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key)};
}

Field Keys::required(std::string_view key, std::string_view hint) {
  Field field = get(key);
  if (map_ != nullptr && !field) {
    reader_.problems().add(place_, "config.missing_key",
                           path_.empty() ? fmt::format("key '{}' is missing", key)
                                         : fmt::format("key '{}' is missing in {}", key, path_),
                           std::string(hint));
  }
  return field;
}

Place Keys::key_place(std::string_view key) const {
  const Entry* entry = find(key);
  return entry == nullptr ? place_ : entry->place;
}

void Keys::finish() {
  if (map_ == nullptr) return;
  for (const Entry& entry : map_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    reader_.problems().add(
        entry.place, "config.unknown_key",
        path_.empty() ? fmt::format("unknown key '{}'", base::printable(entry.key))
                      : fmt::format("unknown key '{}' in {}", base::printable(entry.key), path_),
        suggestion(entry.key, known_));
  }
}

}  // namespace wherry::config
