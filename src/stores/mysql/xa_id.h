#pragma once
// What names an XA transaction, and the statements of the binlog about one. Values, pure functions.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "wire/mysql/events.h"

namespace wherry::stores::mysql {

struct XaId {
  std::uint32_t format = 0;
  std::string global_id;
  std::string branch_id;

  static XaId of(const wire::mysql::XaPrepare& event);
  std::string text() const;  // "X'61',X'',1", as XA COMMIT takes it
  friend auto operator<=>(const XaId&, const XaId&) = default;
};

struct XaStatement {
  enum class Verb { start, end, commit, rollback };
  Verb verb = Verb::start;
  XaId id;
};

// Requires: kind_of(statement) is StatementKind::xa. Throws Error(not_supported,
// "source.xa_statement") for what is not one of these as servers write them.
XaStatement read_xa_statement(std::string_view statement);

}  // namespace wherry::stores::mysql
