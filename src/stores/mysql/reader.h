#pragma once
// Rows read through consistent views, for both sides of a migration; views take no locks.
// As contract/row_reader.h says. A reader connects when its first view is opened, and again after a
// lost connection. On MariaDB a view's bracket is exact; on MySQL low and high enclose it.

#include <memory>
#include <stop_token>
#include <string>

#include "contract/row_reader.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

struct ReaderOptions {
  std::string identity;         // what check_identity() expects; empty = any server
  bool position_needed = true;  // false: views have empty brackets
  std::stop_token stop = {};    // breaks blocked calls
};

std::unique_ptr<contract::RowReader> open_reader(Endpoint endpoint, ReaderOptions options);

}  // namespace wherry::stores::mysql
