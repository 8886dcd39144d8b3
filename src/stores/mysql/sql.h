#pragma once
// SQL text that both halves of the store write: names, literals, what is selected, key conditions.
// Literals stand for canonical cells (model/row.h) and compare with their column in the column's
// own type, character set and collation, so that indexes are used. Sessions are as Connection
// leaves them (NAMES binary). Pure functions.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/chunk.h"
#include "model/key.h"
#include "model/row.h"
#include "model/schema.h"
#include "stores/mysql/statement.h"

namespace wherry::stores::mysql {

std::string identifier(std::string_view name);             // `a``b`
std::string qualified(const model::CollectionName& name);  // `shop`.`orders`
std::string text_literal(
    std::string_view utf8);  // _utf8mb3 x'…': for names in conditions and plain settings

// Appends the literal of a cell: "NULL", "-12", "1.5e0", "_gbk x'…'", "x'…'", "'2020-01-01'".
// Requires, but where a Statement takes it: the column is not of JSON.
void append_literal(std::string& out, const model::Column& column, model::Cell cell);
void append_literal(Statement& out, const model::Column& column, model::Cell cell);
std::string literal(const model::Column& column, model::Cell cell);

// The expression whose text is the column's canonical cell: "`t`.`a`", "`t`.`f`*1e0", "`t`.`e`+0".
std::string canonical_expression(const model::Column& column);
std::string select_list(
    const model::TableSchema& shape);  // of all columns, in table order; the table's alias is `t`
std::string key_select_list(const model::TableSchema& shape);
// "`shop`.`orders` `t` FORCE INDEX (`PRIMARY`)"; Requires: the shape has a key. `name` is the
// table's name on this side.
std::string from_table(const model::CollectionName& name, const model::TableSchema& shape);
std::string order_by_key(const model::TableSchema& shape);  // "`t`.`a`,`t`.`b`"

// Conditions without WHERE, in parentheses. `alias` false leaves out "`t`." for DELETE.
enum class Bound { after, from, before, through };  // >  >=  <  <=
std::string key_bound(const model::TableSchema& shape, Bound bound, const model::Key& key,
                      bool alias = true);
// Rows of the chunk: "TRUE" if it is open on both sides.
std::string key_range(const model::TableSchema& shape, const std::optional<model::Key>& after,
                      const std::optional<model::Key>& through, bool alias = true);
// Rows with one of these keys. Requires: at least one. Keep to at most `keys_a_statement`.
std::string key_in(const model::TableSchema& shape, const model::Key* first, std::size_t count,
                   bool alias = true);
// Key columns of enum with more members, and of set with more than 8, are read by scanning the
// index.
inline constexpr std::uint32_t most_listed_members = 255;
inline constexpr std::size_t keys_a_statement =
    256;  // beyond some thousand the optimizers fall back to a scan

}  // namespace wherry::stores::mysql
