#pragma once
// What must be known before accounts are kept from writing: whether it can be done and undone, and
// who can write all the same. Reads only. What our account may not ask is a finding too.

#include <vector>

#include "model/finding.h"
#include "stores/mysql/account_grants.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

std::vector<model::Finding> assess_accounts(Connection& connection,
                                            const std::vector<Account>& accounts);

}  // namespace wherry::stores::mysql
