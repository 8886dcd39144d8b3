#pragma once
// InnoDB's open transactions, as they are now. Uses the connection it is given, which must not be
// in a transaction. Errors: those of the connection; mysql.privilege without PROCESS.

#include <cstdint>
#include <vector>

#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

struct OpenTransaction {
  std::uint64_t session = 0;  // 0: it has none; it is prepared, or being undone
  std::uint64_t rows_modified = 0;
  std::uint64_t rows_locked = 0;
};

// Those of others. The server answers from a copy that it renews only if nobody has asked for a
// tenth of a second, so this may take as long.
std::vector<OpenTransaction> read_open_transactions(Connection& connection);

}  // namespace wherry::stores::mysql
