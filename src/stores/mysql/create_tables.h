#pragma once
// Makes the target's tables from the source's definitions. Uses the connection it is given, and
// leaves its session changed. As contract::RowTarget::create_tables().

#include <string_view>
#include <vector>

#include "contract/row_store.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

void create_tables(Connection& connection, const contract::Fence& fence,
                   contract::RowSource& source, const std::vector<contract::TablePair>& tables);

// Those that Wherry made, by their names on the target; not those that it found.
std::vector<model::CollectionName> tables_made(Connection& connection, std::string_view migration);

// Sets a session variable that this server may not have, or that the account may not change.
void try_to_set(Connection& connection, std::string_view setting);

// A session in which the definitions that a server prints are taken as they are meant.
void prepare_to_define(Connection& connection);

}  // namespace wherry::stores::mysql
