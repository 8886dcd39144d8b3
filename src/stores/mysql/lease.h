#pragma once
// The lease on a migration's one stream of writes: a row of `_wherry`.`lease` on the target, timed
// by the server's clock. Functions use the connection they are given, outside a transaction (but
// check_fence(), which is called inside one). Errors: Error(fenced), Error(rejected, "lease.held").

#include "contract/row_store.h"
#include "stores/mysql/connection.h"

namespace wherry::stores::mysql {

// See contract::RowTarget. The epoch only grows, also over release() and forget().
contract::Fence acquire_lease(Connection& connection, const contract::LeaseRequest& request);
void renew_lease(Connection& connection, const contract::Fence& fence);
void release_lease(Connection& connection, const contract::Fence& fence);

// Throws Error(rejected, "target.not_a_copy") unless the server holds a lease of this owner.
void check_owner(Connection& connection, const contract::LeaseRequest& request);

// The last statement of a transaction before its COMMIT. Holds a shared lock on the lease's row
// until the transaction ends.
//
// Why this fences: acquire_lease() changes that row, so it needs an exclusive lock on it. It waits
// for every transaction that has passed this check until that one has ended; and every transaction
// that makes the check after it reads the new epoch (a locking read sees the latest commit) and
// fails.
void check_fence(Connection& connection, const contract::Fence& fence);
// In two parts, to be asked together with what comes before it.
std::string fence_question(const contract::Fence& fence);
void require_fence(Connection& connection, const contract::Fence& fence, const Result& answer);

}  // namespace wherry::stores::mysql
