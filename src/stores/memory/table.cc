#include "stores/memory/table.h"

#include <limits>

#include "base/error.h"

namespace wherry::stores::memory {

namespace {

bool is_integer(model::ColumnType type) {
  using enum model::ColumnType;
  return type == tinyint || type == smallint || type == mediumint || type == integer ||
         type == bigint;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Bytes that sort as the value does, and end where it ends.
void append_order(std::string& out, std::string_view value, const model::Column& column) {
  if (is_integer(column.type)) {
    const bool negative = !value.empty() && value.front() == '-';
    std::uint64_t number = 0;
    for (const char c : value.substr(negative ? 1 : 0)) {
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    out += negative && number != 0 ? '\0' : '\1';
    if (negative) number = ~number + 1;
    for (unsigned shift = 64; shift != 0;) {
      shift -= 8;
      out += static_cast<char>((number >> shift) & 0xffU);
    }
    return;
  }
  for (const char c : value) {
    out += column.collation == "nocase" ? lower(c) : c;
    if (c == '\0') out += '\xff';
  }
  out.append(2, '\0');
}

}  // namespace

Table::Table(model::TableSchema schema) : schema_(std::move(schema)) {
  unique_.resize(schema_.unique_keys.size());
}

model::Key Table::key_of(const Row& row) const {
  const auto fail = [&](const char* why) {
    throw base::Error(base::ErrorKind::data_mismatch, "memory.row", why, schema_.name.text());
  };
  if (row.size() != schema_.columns.size()) fail("the row has another number of columns");
  model::Key key;
  for (const std::size_t c : schema_.key) {
    if (!row[c]) fail("a part of the key is NULL");
    key.append(*row[c]);
  }
  return key;
}

std::string Table::order_of(const model::Key& key) const {
  std::string order;
  const auto parts = key.parts();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    append_order(order, parts[i], schema_.columns.at(schema_.key.at(i)));
  }
  return order;
}

std::optional<std::string> Table::unique_value(const Row& row, const model::UniqueKey& key) const {
  std::string value;
  for (const std::size_t c : key.columns) {
    if (!row.at(c)) return std::nullopt;
    append_order(value, *row[c], schema_.columns[c]);
  }
  return value;
}

RowPtr Table::row_at(const Versions& versions, Version at) {
  for (auto entry = versions.rbegin(); entry != versions.rend(); ++entry) {
    if (entry->since <= at) return entry->row;
  }
  return nullptr;
}

RowPtr Table::row(const model::Key& key, Version at) const {
  const auto found = rows_.find(order_of(key));
  return found == rows_.end() ? nullptr : row_at(found->second, at);
}

RowPtr Table::newest(const model::Key& key) const {
  return row(key, std::numeric_limits<Version>::max());
}

void Table::each(const std::optional<model::Key>& after, const std::optional<model::Key>& through,
                 Version at, const std::function<bool(const RowPtr&)>& visit) const {
  auto entry = after ? rows_.upper_bound(order_of(*after)) : rows_.begin();
  const auto last = through ? rows_.upper_bound(order_of(*through)) : rows_.end();
  if (after && through && order_of(*through) < order_of(*after)) return;
  for (; entry != last; ++entry) {
    const RowPtr row = row_at(entry->second, at);
    if (row && !visit(row)) return;
  }
}

std::vector<RowPtr> Table::conflicts(const Row& row) const {
  std::vector<RowPtr> out;
  const std::string own = schema_.key.empty() ? std::string() : order_of(key_of(row));
  for (std::size_t i = 0; i < unique_.size(); ++i) {
    const auto value = unique_value(row, schema_.unique_keys[i]);
    if (!value) continue;
    const auto holder = unique_[i].find(*value);
    if (holder == unique_[i].end() || holder->second == own) continue;
    out.push_back(rows_.at(holder->second).back().row);
  }
  return out;
}

void Table::index(const RowPtr& row, const std::string& order, bool present) {
  if (!row) return;
  for (std::size_t i = 0; i < unique_.size(); ++i) {
    const auto value = unique_value(*row, schema_.unique_keys[i]);
    if (!value) continue;
    if (present) {
      unique_[i][*value] = order;
    } else {
      unique_[i].erase(*value);
    }
  }
}

std::optional<std::string> Table::place_of(const Row& row) const {
  if (!schema_.key.empty()) return order_of(key_of(row));
  for (const auto& [place, versions] : rows_) {
    if (versions.back().row && *versions.back().row == row) return place;
  }
  return std::nullopt;
}

std::string Table::free_place() {
  std::string place = std::to_string(++last_place_);
  return place.insert(0, 20 - place.size(), '0');
}

void Table::set(const std::string& order, RowPtr row, Version version) {
  Versions& versions = rows_[order];
  if (!versions.empty()) index(versions.back().row, order, false);
  index(row, order, true);
  versions.push_back({version, std::move(row)});
}

void Table::unset(const std::string& order) {
  const auto found = rows_.find(order);
  index(found->second.back().row, order, false);
  found->second.pop_back();
  if (found->second.empty()) {
    rows_.erase(found);
  } else {
    index(found->second.back().row, order, true);
  }
}

}  // namespace wherry::stores::memory
