#pragma once
// Which servers Wherry moves from and to, which of them it is tested with, and what they can hold.
// Pure; thread-safe.

#include <string>

#include "model/schema.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

enum class Support {
  too_old,
  by_documents,  // MySQL 8 and newer: written by its documents, and no such server was tried
  not_tested,    // between or beside those that are
  tested,        // MariaDB 10.11, MySQL 5.6 and 5.7
};
Support support_of(const ServerVersion& version);

// Why a server cannot hold this column of a source as it is there; "" if it can. What it has no
// word for, but another that means the same, it can.
std::string why_not_held(const ServerVersion& version, const model::Column& column);

}  // namespace wherry::stores::mysql
