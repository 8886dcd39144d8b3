#pragma once
// Which server answers: the same after a restart, another after a failover or behind a proxy that
// chose another.

#include <string>
#include <string_view>

#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

std::string describe_server(Connection& connection);  // "MariaDB 10.11.6 at 127.0.0.1:3306"

// MySQL: its server_uuid. MariaDB has none that is stored with its data: host name, port, data
// directory and server_id together.
std::string server_identity(Connection& connection);

// Throws Error(rejected, "<side>.replaced") unless the identity is `expected`; an empty one expects
// nothing. The side is "source" or "target".
void check_identity(Connection& connection, const std::string& expected, std::string_view side);

}  // namespace wherry::stores::mysql
