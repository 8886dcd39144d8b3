#pragma once
// The counters of a server, read and lifted: AUTO_INCREMENT of tables, MariaDB's sequences, rows of
// tables that applications take numbers from. Uses the connection it is given, and leaves its
// session changed. As contract/sequences.h says.

#include <stop_token>
#include <vector>

#include "contract/sequences.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

std::vector<model::Counter> read_counters(Connection& connection,
                                          const contract::TableFilter& filter,
                                          const std::vector<contract::CounterTable>& tables);

// Between reading an AUTO_INCREMENT and ALTER TABLE its table is locked, as the statement would
// also lower it; a lock that others keep it from for some seconds is Error(transient).
contract::Lifted lift_counters(Connection& target, const contract::Fence& fence,
                               const std::vector<model::Counter>& wanted,
                               const std::vector<contract::CounterTable>& tables,
                               const contract::TableRoute& route);

std::vector<model::Counter> counters_behind(Connection& target,
                                            const std::vector<model::Counter>& wanted,
                                            const std::vector<contract::CounterTable>& tables,
                                            const contract::TableRoute& route);

}  // namespace wherry::stores::mysql
