#include "stores/mysql/cascade.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "stores/mysql/foreign_keys.h"
#include "stores/mysql/schema.h"
#include "stores/mysql/sql.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;
using contract::CascadeAction;
using contract::CascadeRule;
using contract::ParentChange;
using model::Key;
using model::RowBatch;

// Servers go no deeper than 15; circles of tables are refused, so this is only a guard.
constexpr int deepest = 64;
constexpr std::size_t page_rows = 2000;

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

CascadeAction action_of(std::string_view words) {
  if (words == "CASCADE") return CascadeAction::cascade;
  if (words == "SET NULL") return CascadeAction::set_null;
  return CascadeAction::none;
}

std::vector<std::size_t> columns_named(const model::TableSchema& table,
                                       const std::vector<std::string>& names) {
  std::vector<std::size_t> out;
  for (const auto& name : names) {
    const auto at =
        std::find_if(table.columns.begin(), table.columns.end(),
                     [&](const auto& column) { return equal_without_case(column.name, name); });
    if (at == table.columns.end()) {
      throw Error(ErrorKind::data_mismatch, "mysql.table_changed",
                  "a foreign key is about a column that the table does not have",
                  table.name.text());
    }
    out.push_back(static_cast<std::size_t>(at - table.columns.begin()));
  }
  return out;
}

}  // namespace

std::vector<CascadeRule> read_cascades(Connection& connection,
                                       const std::vector<contract::TablePair>& tables,
                                       const std::vector<model::CollectionName>& names) {
  std::vector<CascadeRule> out;
  const auto definitions = show_create(connection, names);
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!definitions[i]) continue;  // it is not there (any more)
    for (const ForeignKey& key : foreign_keys_in(*definitions[i], names[i])) {
      if (!key.cascades()) continue;
      auto parent = std::find(names.begin(), names.end(), key.parent);
      if (parent == names.end()) {  // a server may keep names in lower case
        parent = std::find_if(names.begin(), names.end(), [&](const auto& name) {
          return equal_without_case(name.schema, key.parent.schema) &&
                 equal_without_case(name.name, key.parent.name);
        });
      }
      if (parent == names.end()) continue;
      const auto& parent_pair = tables[static_cast<std::size_t>(parent - names.begin())];
      CascadeRule rule;
      rule.parent = parent_pair.id;
      rule.child = tables[i].id;
      rule.parent_columns = columns_named(parent_pair.source, key.parent_columns);
      rule.child_columns = columns_named(tables[i].source, key.columns);
      rule.on_delete = action_of(key.on_delete);
      rule.on_update = action_of(key.on_update);
      out.push_back(std::move(rule));
    }
  }
  return out;
}

struct Cascade::Referring {
  const CascadeRule& rule;
  const contract::TablePair& table;
  model::TableSchema by_reference;  // the table, as if the foreign key's columns were its key
  std::vector<std::size_t>
      columns;           // that have to be known of each row: key and what is referred to
  bool goes_on = false;  // other rows may refer to these
  CascadeAction action = CascadeAction::none;
  const Key* first = nullptr;  // the parent's old values that they refer to
  std::size_t count = 0;
};

void Cascade::follow(const ParentChange& change, int depth) {
  if (depth == deepest) {
    throw Error(ErrorKind::not_supported, "cascade.too_deep",
                "foreign keys carry a change on without end",
                rules_.tables.at(change.parent)->target.text());
  }
  for (const auto& rule : rules_.rules) {
    if (rule.parent == change.parent) follow_rule(rule, change, depth);
  }
}

void Cascade::follow_rule(const CascadeRule& rule, const ParentChange& change, int depth) {
  const CascadeAction action = change.after == nullptr ? rule.on_delete : rule.on_update;
  if (action == CascadeAction::none) return;
  std::set<Key> values;
  for (std::size_t row = change.first; row < change.first + change.count; ++row) {
    const auto& at = rule.parent_columns;
    const bool refers = std::all_of(at.begin(), at.end(), [&](std::size_t column) {
      return change.before->cell(row, column).has_value();
    });
    const bool moved =
        change.after == nullptr || std::any_of(at.begin(), at.end(), [&](std::size_t column) {
          return change.before->cell(row, column) != change.after->cell(row, column);
        });
    if (refers && moved) values.insert(change.before->key(row, at));
  }
  const auto& table = *rules_.tables.at(rule.child);
  Referring rows{rule, table, table.source, table.source.key, false, action, nullptr, 0};
  rows.by_reference.key = rule.child_columns;
  for (const auto& next : rules_.rules) {
    if (next.parent != rule.child) continue;
    rows.goes_on = true;
    rows.columns.insert(rows.columns.end(), next.parent_columns.begin(), next.parent_columns.end());
  }
  std::sort(rows.columns.begin(), rows.columns.end());
  rows.columns.erase(std::unique(rows.columns.begin(), rows.columns.end()), rows.columns.end());
  const std::vector<Key> all(values.begin(), values.end());
  for (std::size_t at = 0; at < all.size(); at += keys_a_statement) {
    const std::size_t count = std::min(keys_a_statement, all.size() - at);
    rows.first = &all[at];
    rows.count = count;
    if (table.source.key.empty()) {
      change_without_key(rows, change, depth);
    } else {
      change_with_key(rows, change, depth);
    }
  }
}

// Rows with the columns that have to be known; the others are NULL.
RowBatch Cascade::read_page(const Referring& rows, const std::string& where) const {
  const auto& columns = rows.table.source.columns;
  std::string list;
  for (const std::size_t at : rows.columns) {
    if (!list.empty()) list += ',';
    list += canonical_expression(columns[at]);
  }
  RowBatch out(columns.size());
  Stream stream = connection_.stream("SELECT " + list + " FROM " + qualified(rows.table.target) +
                                     " `t` WHERE " + where);
  while (stream.next()) {
    std::size_t next = 0;
    for (std::size_t column = 0; column < columns.size(); ++column) {
      const bool known = next < rows.columns.size() && rows.columns[next] == column;
      out.append(known ? stream.cell(next++) : model::Cell());
    }
  }
  return out;
}

void Cascade::change_with_key(const Referring& rows, const ParentChange& change, int depth) {
  const auto& shape = rows.table.source;
  const bool removes = change.after == nullptr && rows.action == CascadeAction::cascade;
  const std::string where = key_in(rows.by_reference, rows.first, rows.count);
  std::optional<Key> after;
  for (;;) {
    const RowBatch page =
        read_page(rows, where + " AND " + key_range(shape, after, std::nullopt) + " ORDER BY " +
                            order_by_key(shape) + " LIMIT " + std::to_string(page_rows));
    if (page.empty()) return;
    after = page.key(page.rows() - 1, shape.key);
    touch(rows.table, page);
    std::vector<Key> keys;
    for (std::size_t row = 0; row < page.rows(); ++row) keys.push_back(page.key(row, shape.key));
    if (removes) {
      sink_.remove(rows.table, keys);
    } else {
      for (std::size_t at = 0; at < keys.size(); at += keys_a_statement) {
        const std::size_t count = std::min(keys_a_statement, keys.size() - at);
        run(rows.table, "UPDATE " + qualified(rows.table.target) + " SET " +
                            assignments(rows, change) + " WHERE " +
                            key_in(shape, &keys[at], count, false));
      }
    }
    go_on(rows, page, change, depth);
    if (page.rows() < page_rows) return;
  }
}

void Cascade::change_without_key(const Referring& rows, const ParentChange& change, int depth) {
  const bool removes = change.after == nullptr && rows.action == CascadeAction::cascade;
  touched_.beyond.insert(rows.table.id);
  RowBatch referred(rows.table.source.columns.size());
  if (rows.goes_on) referred = read_page(rows, key_in(rows.by_reference, rows.first, rows.count));
  const std::string table = qualified(rows.table.target);
  run(rows.table,
      (removes ? "DELETE FROM " + table : "UPDATE " + table + " SET " + assignments(rows, change)) +
          " WHERE " + key_in(rows.by_reference, rows.first, rows.count, false));
  if (rows.goes_on) go_on(rows, referred, change, depth);
}

void Cascade::go_on(const Referring& rows, const RowBatch& before, const ParentChange& change,
                    int depth) {
  const bool removes = change.after == nullptr && rows.action == CascadeAction::cascade;
  if (removes) {
    if (rows.goes_on && !before.empty()) {
      follow({rows.table.id, &before, nullptr, 0, before.rows()}, depth + 1);
    }
    return;
  }
  const RowBatch now = changed(rows, before, change);
  if (!rows.table.source.key.empty()) touch(rows.table, now);
  if (!rows.goes_on) return;
  for (std::size_t row = 0; row < before.rows(); ++row) {
    follow({rows.table.id, &before, &now, row, 1}, depth + 1);
  }
}

// Only values that changed at the parent are carried on: another column may differ from the
// parent's in letter case.
RowBatch Cascade::changed(const Referring& rows, const RowBatch& before,
                          const ParentChange& change) const {
  RowBatch out(before.columns());
  for (std::size_t row = 0; row < before.rows(); ++row) {
    for (std::size_t column = 0; column < before.columns(); ++column) {
      const auto& mine = rows.rule.child_columns;
      const auto part = std::find(mine.begin(), mine.end(), column);
      if (part == mine.end()) {
        out.append(before.cell(row, column));
      } else if (rows.action == CascadeAction::set_null) {
        out.append(std::nullopt);
      } else {
        const auto theirs = rows.rule.parent_columns[static_cast<std::size_t>(part - mine.begin())];
        const bool moved =
            change.before->cell(change.first, theirs) != change.after->cell(change.first, theirs);
        out.append(moved ? change.after->cell(change.first, theirs) : before.cell(row, column));
      }
    }
  }
  return out;
}

std::string Cascade::assignments(const Referring& rows, const ParentChange& change) const {
  std::string out;
  for (std::size_t i = 0; i < rows.rule.child_columns.size(); ++i) {
    const auto& column = rows.table.source.columns[rows.rule.child_columns[i]];
    model::Cell value;
    if (rows.action == CascadeAction::cascade) {
      value = change.after->cell(change.first, rows.rule.parent_columns[i]);
      if (value == change.before->cell(change.first, rows.rule.parent_columns[i])) continue;
    }
    if (!out.empty()) out += ',';
    out += identifier(column.name) + "=" + literal(column, value);
  }
  return out;
}

void Cascade::run(const contract::TablePair& table, const std::string& sql) {
  const Executed done = connection_.execute(sql);
  if (done.warnings == 0) return;
  throw Error(
      ErrorKind::data_mismatch, "target.value_changed",
      "the server could not change a row as a foreign key did: " + connection_.warnings_text(),
      connection_.endpoint().text() + " " + table.target.text());
}

void Cascade::touch(const contract::TablePair& table, const RowBatch& rows) {
  auto& keys = touched_.keys[table.id];
  for (std::size_t row = 0; row < rows.rows(); ++row) {
    if (keys.size() >= most_keys_) {
      touched_.beyond.insert(table.id);
      return;
    }
    keys.push_back(rows.key(row, table.source.key));
  }
}

}  // namespace wherry::stores::mysql
