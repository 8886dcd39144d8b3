#pragma once
// The only place that knows what the servers' and the client library's error numbers mean. Pure
// functions.

#include <string_view>

#include "base/error.h"

namespace wherry::stores::mysql {

// `number` as mysql_errno() gives it, `text` as mysql_error() does; `context` says where
// ("127.0.0.1:3306").
base::Error to_error(unsigned number, std::string_view text, std::string_view context);

}  // namespace wherry::stores::mysql
