#pragma once
// The accounts of a server and what they may do. Uses the connection it is given. Errors: those of
// the connection (mysql.privilege without SELECT on schema mysql), "guard.grant_unreadable".

#include <optional>
#include <set>
#include <vector>

#include "stores/mysql/account_grants.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// Those that somebody may use: no roles, none of the server's own.
std::vector<Account> read_accounts(Connection& connection);
bool is_there(Connection& connection, const Account& account);
Account own_account(Connection& connection);

// Requires: the account is there.
std::vector<AccountGrant> read_account_grants(Connection& connection, const Account& account);
std::vector<AccountGrant> read_own_grants(Connection& connection);
// What everybody may do on a MariaDB; nothing on servers that know no such thing.
std::vector<AccountGrant> read_public_grants(Connection& connection);
// Schemas, as patterns, that every account may write because an account without a name may.
std::vector<std::string> schemas_open_to_all(Connection& connection);

// Of the grants that are roles, those that give more than reading, by themselves or by other roles.
std::vector<AccountGrant> roles_beyond_reading(Connection& connection,
                                               const std::vector<AccountGrant>& grants);

}  // namespace wherry::stores::mysql
