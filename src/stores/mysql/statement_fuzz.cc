// Any text, taken for a statement out of the log or of SHOW CREATE: the first byte is the sql_mode.
// Whatever it is, it is told what it is or refused by base::Error; places in it lie inside it.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "stores/mysql/create_statement.h"
#include "stores/mysql/ddl_statement.h"
#include "stores/mysql/foreign_keys.h"
#include "stores/mysql/object_statement.h"
#include "stores/mysql/sql_tokens.h"
#include "stores/mysql/statement_kind.h"
#include "stores/mysql/xa_id.h"

namespace {

using namespace wherry::stores::mysql;

// Throwing wherry::base::Error is one of the answers.
template <typename Read>
void refused_or(Read read) {
  try {
    read();
  } catch (const wherry::base::Error&) {
  }
}

void require_inside(std::size_t begin, std::size_t end, std::string_view sql) {
  if (begin > end || end > sql.size()) std::abort();
}

void run(std::string_view sql, SqlDialect dialect) {
  refused_or([&] {
    std::size_t last = 0;
    for (const Token& token : tokenize(sql, dialect)) {
      require_inside(token.begin, token.end, sql);
      if (token.begin < last) std::abort();
      last = token.end;
    }
  });
  refused_or([&] {
    const DdlStatement ddl = read_ddl(sql, dialect, "shop");
    for (const auto& table : ddl.tables) require_inside(table.begin, table.end, sql);
    for (const auto& table : ddl.references) require_inside(table.begin, table.end, sql);
    for (const auto& [begin, end] : ddl.json_types) require_inside(begin, end, sql);
    for (const auto& [begin, end] : ddl.marks) require_inside(begin, end, sql);
  });
  refused_or([&] {
    if (const auto object = read_object(sql, dialect, "shop")) {
      for (const auto& name : object->names) require_inside(name.begin, name.end, sql);
      require_inside(object->definer_at.first, object->definer_at.second, sql);
    }
  });
  const StatementKind kind = kind_of(sql);
  (void)savepoint_name(sql);
  (void)statement_head(sql);
  if (kind == StatementKind::accounts) (void)account_statement(sql);
  if (kind == StatementKind::xa) refused_or([&] { (void)read_xa_statement(sql); });
  const wherry::model::CollectionName table{"shop", "orders"};
  refused_or([&] { (void)foreign_keys_in(sql, table); });
  refused_or([&] {
    (void)rewrite_create(
        sql, table, [](const auto& name) { return std::optional(name); }, ServerVersion{});
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  run(bytes.substr(1),
      {.ansi_quotes = (bytes[0] & 1) != 0, .backslash_escapes = (bytes[0] & 2) == 0});
  return 0;
}
