#include "stores/mysql/late_indexes.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "stores/mysql/create_tables.h"
#include "stores/mysql/foreign_keys.h"
#include "stores/mysql/lease.h"
#include "stores/mysql/progress_schema.h"
#include "stores/mysql/sql.h"
#include "stores/mysql/sql_tokens.h"
#include "stores/mysql/user_lock.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using model::CollectionName;

// Of fewer rows an index costs less than two changes of definition.
constexpr std::uint64_t worth_it = 200;
// A build may take as long as reading the table does, and others wait for it.
constexpr std::chrono::hours longest_build{24 * 7};
// Too much was written to the table while its index was built beside the writes.
constexpr std::string_view too_many_writes = "1799";

// The parts of a table's definition: of tokens [first, end) each.
struct Part {
  std::size_t first;
  std::size_t end;
};

std::vector<Part> parts_of(const std::vector<Token>& tokens) {
  std::vector<Part> parts;
  std::size_t at = 0;
  while (at < tokens.size() && !tokens[at].is('(')) ++at;
  std::size_t first = ++at;
  for (int depth = 1; at < tokens.size() && depth > 0; ++at) {
    if (tokens[at].is('(')) ++depth;
    if (tokens[at].is(')')) --depth;
    if (depth == 0 || (depth == 1 && tokens[at].is(','))) {
      parts.push_back({first, at});
      first = at + 1;
    }
  }
  return parts;
}

class IndexFinder {
 public:
  IndexFinder(std::string_view shown, const CollectionName& table)
      : shown_(shown), table_(table), tokens_(tokenize(shown, {})) {}

  IndexesOfTable run() {
    for (const Part& part : parts_of(tokens_)) look_at(part);
    for (const ForeignKey& key : foreign_keys_in(shown_, table_)) {
      if (!key.columns.empty()) out_.needed.push_back(key.columns.front());
      if (key.parent_columns.empty()) continue;
      out_.references.push_back({key.parent, key.parent_columns.front()});
    }
    return std::move(out_);
  }

 private:
  bool is_name(std::size_t i) const {
    return i < tokens_.size() && tokens_[i].kind == TokenKind::name;
  }
  bool is(std::size_t i, std::string_view word) const {
    return i < tokens_.size() && tokens_[i].is(word);
  }
  bool is(std::size_t i, char symbol) const { return i < tokens_.size() && tokens_[i].is(symbol); }

  void look_at(const Part& part) {
    const std::size_t i = part.first;
    if (is_name(i)) {
      const auto grows = [&](const Token& token) { return token.is("AUTO_INCREMENT"); };
      if (std::any_of(&tokens_[i], &tokens_[i] + (part.end - i), grows)) {
        out_.needed.push_back(tokens_[i].value);
      }
    } else if (is(i, "KEY") && is_name(i + 1) && is(i + 2, '(') && is_name(i + 3)) {
      const std::size_t begin = tokens_[i].begin;
      const std::size_t end = tokens_[part.end - 1].end;
      out_.plain.push_back({{tokens_[i + 1].value, std::string(shown_.substr(begin, end - begin))},
                            tokens_[i + 3].value});
    }
  }

  std::string_view shown_;
  const CollectionName& table_;
  std::vector<Token> tokens_;
  IndexesOfTable out_;
};

// Written before any of them is dropped.
void note_aside(Connection& connection, const contract::Fence& fence, const CollectionName& table,
                const std::vector<SecondaryIndex>& indexes) {
  connection.execute("START TRANSACTION");
  for (const auto& index : indexes) {
    connection.execute(fmt::format("REPLACE INTO `_wherry`.`late_index` VALUES ({},{},{},{},{})",
                                   bytes_literal(fence.migration), bytes_literal(table.schema),
                                   bytes_literal(table.name), bytes_literal(index.name),
                                   bytes_literal(index.definition)));
  }
  check_fence(connection, fence);
  connection.execute("COMMIT");
}

std::vector<SecondaryIndex> missing(Connection& connection, std::string_view migration,
                                    const CollectionName& table) {
  const Result noted =
      connection.query("SELECT `index_name`, `definition` FROM `_wherry`.`late_index`" +
                       where_table(migration, table));
  std::vector<SecondaryIndex> out;
  if (noted.empty()) return out;
  std::set<std::string> there;
  const Result shown = connection.query("SHOW INDEX FROM " + qualified(table));
  for (std::size_t i = 0; i < shown.rows(); ++i) there.insert(shown.text(i, "Key_name"));
  for (std::size_t i = 0; i < noted.rows(); ++i) {
    SecondaryIndex index{noted.text(i, "index_name"), noted.text(i, "definition")};
    if (!there.contains(index.name)) out.push_back(std::move(index));
  }
  return out;
}

void add(Connection& connection, const CollectionName& table,
         const std::vector<SecondaryIndex>& indexes) {
  std::string sql = "ALTER TABLE " + qualified(table);
  for (const auto& index : indexes) {
    sql += (&index == &indexes.front() ? " ADD " : ", ADD ") + index.definition;
  }
  try {
    connection.execute(sql);
  } catch (const Error& e) {
    if (std::to_string(mysql_errno(connection.native())) != too_many_writes) throw;
    spdlog::warn("too much is written to {} to build its indexes meanwhile: following it waits",
                 table.text());
    connection.execute(sql + ", LOCK=SHARED");
  }
}

}  // namespace

IndexesOfTable indexes_in(std::string_view shown, const CollectionName& table) {
  return IndexFinder(shown, table).run();
}

void put_indexes_aside(Connection& connection, const contract::Fence& fence,
                       const std::vector<contract::TablePair>& tables) {
  prepare_to_define(connection);
  const auto ours = tables_made(connection, fence.migration);
  std::map<CollectionName, IndexesOfTable> indexes;
  std::map<CollectionName, std::set<std::string>> needed;  // columns
  for (const auto& pair : tables) {
    const Result shown = connection.query("SHOW CREATE TABLE " + qualified(pair.target));
    auto of_it = indexes_in(shown.text(0, "Create Table"), pair.target);
    needed[pair.target].insert(of_it.needed.begin(), of_it.needed.end());
    for (const auto& reference : of_it.references) needed[reference.table].insert(reference.column);
    indexes.emplace(pair.target, std::move(of_it));
  }
  for (const auto& pair : tables) {
    if (pair.source.row_estimate < worth_it || pair.source.key.empty()) continue;
    if (std::find(ours.begin(), ours.end(), pair.target) == ours.end()) continue;
    std::vector<SecondaryIndex> aside;
    for (auto& [index, first_column] : indexes.at(pair.target).plain) {
      const bool is_key = index.name == pair.source.key_index;
      if (is_key || needed[pair.target].contains(first_column)) continue;
      aside.push_back(std::move(index));
    }
    if (aside.empty()) continue;
    note_aside(connection, fence, pair.target, aside);
    std::string sql = "ALTER TABLE " + qualified(pair.target);
    for (const auto& index : aside) {
      sql += (&index == &aside.front() ? " DROP KEY " : ", DROP KEY ") + identifier(index.name);
    }
    connection.execute(sql);
  }
}

void build_indexes(Connection& connection, const contract::Fence& fence,
                   const CollectionName& table) {
  // They are forgotten when they are built: without a note nothing is, nor is it being built.
  const auto lacking = tables_that_lack_indexes(connection, fence.migration);
  if (std::find(lacking.begin(), lacking.end(), table) == lacking.end()) return;
  const UserLock lock(connection, lock_name("index", fence.migration + '\n' + qualified(table)),
                      longest_build);
  prepare_to_define(connection);
  const auto indexes = missing(connection, fence.migration, table);
  if (!indexes.empty()) {
    check_fence(connection, fence);
    spdlog::info("{}: builds {} secondary indexes", table.text(), indexes.size());
    add(connection, table, indexes);
  }
  connection.execute("START TRANSACTION");
  connection.execute("DELETE FROM `_wherry`.`late_index`" + where_table(fence.migration, table));
  check_fence(connection, fence);
  connection.execute("COMMIT");
}

void build_all_indexes(Connection& connection, const contract::Fence& fence) {
  for (const auto& table : tables_that_lack_indexes(connection, fence.migration)) {
    build_indexes(connection, fence, table);
  }
}

std::vector<CollectionName> tables_that_lack_indexes(Connection& connection,
                                                     std::string_view migration) {
  std::vector<CollectionName> out;
  const Result r =
      connection.query("SELECT DISTINCT `schema_name`, `table_name` FROM `_wherry`.`late_index`" +
                       where_migration(migration));
  for (std::size_t i = 0; i < r.rows(); ++i) {
    out.push_back({r.text(i, std::size_t{0}), r.text(i, std::size_t{1})});
  }
  return out;
}

void forget_late_indexes(Connection& connection, std::string_view migration) {
  connection.execute("DELETE FROM `_wherry`.`late_index`" + where_migration(migration));
}

}  // namespace wherry::stores::mysql
