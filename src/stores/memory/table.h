#pragma once
// A table in memory with all versions of its rows, so that a view of any time can be read. The
// order of its keys is its own: integers by value, columns of collation "nocase" without regard to
// the case of ASCII letters, all else by bytes; two keys that differ only in what their order
// disregards are one key. A table without a key holds any rows, each at a place of its own. Not
// thread-safe (the server's lock protects it).

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/key.h"
#include "model/row.h"
#include "model/schema.h"

namespace wherry::stores::memory {

using Row = std::vector<std::optional<std::string>>;
using RowPtr = std::shared_ptr<const Row>;

// The number of commits so far: what a view of that time sees.
using Version = std::uint64_t;

class Table {
 public:
  explicit Table(model::TableSchema schema);

  const model::TableSchema& schema() const { return schema_; }
  // Throws Error(data_mismatch) if the row does not fit the columns or lacks a part of its key.
  model::Key key_of(const Row& row) const;

  RowPtr row(const model::Key& key, Version at) const;  // null = there is none
  RowPtr newest(const model::Key& key) const;
  // Where a row is kept: of a table with a key, by it; else the place of one that is equal now, or
  // nothing.
  std::optional<std::string> place_of(const Row& row) const;
  std::string free_place();
  // In key order; ends when `visit` returns false.
  void each(const std::optional<model::Key>& after, const std::optional<model::Key>& through,
            Version at, const std::function<bool(const RowPtr&)>& visit) const;

  // Other rows, as of now, that hold one of the row's unique values.
  std::vector<RowPtr> conflicts(const Row& row) const;
  // A new version of the row at this place; null = it is removed. Requires: no conflict.
  void set(const std::string& place, RowPtr row, Version version);
  void unset(const std::string& place);  // takes the last set() of this place back

 private:
  struct Entry {
    Version since;
    RowPtr row;
  };
  using Versions = std::vector<Entry>;

  std::string order_of(const model::Key& key) const;
  std::optional<std::string> unique_value(const Row& row, const model::UniqueKey& key) const;
  static RowPtr row_at(const Versions& versions, Version at);
  void index(const RowPtr& row, const std::string& order, bool present);

  model::TableSchema schema_;
  std::map<std::string, Versions> rows_;                    // by the bytes of their order
  std::vector<std::map<std::string, std::string>> unique_;  // value → order, as of now
  std::uint64_t last_place_ = 0;                            // without a key
};

}  // namespace wherry::stores::memory
