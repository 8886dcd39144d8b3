#pragma once
// Rows read through consistent views, for both sides of a migration; views take no locks.
// As contract/row_reader.h says. A reader connects when its first view is opened, and again after a
// lost connection. On MariaDB a view's bracket is exact unless XA transactions are prepared or
// committed meanwhile; on MySQL low and high enclose it, but that it can have what an XA COMMIT did
// that is logged after high. An exact view is exact about its tables on both. Without GTIDs low is
// a place of the barrier's, which may have to make one (log_barrier.h), or before a commit of our
// own (commit_order.h).

#include <memory>
#include <stop_token>
#include <string>

#include "contract/row_reader.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/log_barrier.h"
#include "stores/mysql/xa_book.h"

namespace wherry::stores::mysql {

struct ReaderOptions {
  std::string identity;         // what check_identity() expects; empty = any server
  std::string side = "source";  // of the migration
  bool position_needed = true;  // false: views have empty brackets
  std::stop_token stop = {};    // breaks blocked calls
  std::shared_ptr<const XaBook> xa_book = nullptr;  // of the reader of this server's log
  // Makes places where the log alone tells none that is safe; null: such a server is refused.
  std::shared_ptr<LogBarrier> barrier = nullptr;
  // The server is a target: a commit of our own makes such a place (commit_order.h).
  bool may_commit = false;
};

std::unique_ptr<contract::RowReader> open_reader(Endpoint endpoint, ReaderOptions options);

}  // namespace wherry::stores::mysql
