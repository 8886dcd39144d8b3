#include "stores/mysql/lease.h"

#include <fmt/format.h>

#include "base/text.h"
#include "stores/mysql/progress_schema.h"

namespace wherry::stores::mysql {

namespace {

using base::Error;
using base::ErrorKind;

// Rolls back what is open when it goes out of scope.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {
    connection_.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
    connection_.execute("START TRANSACTION");
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (committed_) return;
    try {
      connection_.execute("ROLLBACK");
    } catch (const std::exception&) {
      return;  // the connection is gone, and what was open with it
    }
  }
  void commit() {
    connection_.execute("COMMIT");
    committed_ = true;
  }

 private:
  Connection& connection_;
  bool committed_ = false;
};

// `epoch` is the one found instead of the fence's.
[[noreturn]] void throw_not_ours(const Connection& connection, const contract::Fence& fence,
                                 std::optional<std::uint64_t> epoch) {
  if (epoch && *epoch < fence.epoch) {
    throw Error(ErrorKind::data_mismatch, "target.went_back",
                "the target lost transactions that it had committed, the lease among them",
                connection.endpoint().text());
  }
  throw Error(ErrorKind::fenced, "lease.fenced",
              fmt::format("another process took over the migration '{}'; this one (epoch {}) stops",
                          base::printable(fence.migration), fence.epoch),
              connection.endpoint().text());
}

[[noreturn]] void throw_held(const Connection& connection, const contract::LeaseRequest& request,
                             std::string_view owner, std::string_view seconds_left) {
  throw Error(
      ErrorKind::rejected, "lease.held",
      fmt::format("the migration '{}' is being written by {}, whose lease lasts another {} s "
                  "if it is not renewed",
                  base::printable(request.migration), base::printable(owner), seconds_left),
      connection.endpoint().text());
}

// Microseconds of the server's clock: so the epochs of a migration that was forgotten and started
// again are greater than those of its writers then.
constexpr std::string_view first_epoch = "CAST(UNIX_TIMESTAMP(NOW(6))*1000000 AS UNSIGNED)";
// And so an epoch that a crash of the server lost is not given a second time.
constexpr std::string_view next_epoch =
    "GREATEST(`epoch`+1, CAST(UNIX_TIMESTAMP(NOW(6))*1000000 AS UNSIGNED))";

std::string update_epoch(const contract::LeaseRequest& request) {
  return fmt::format(
      "UPDATE `_wherry`.`lease` SET `epoch`={}, `owner`={}, `renewed_at`=UTC_TIMESTAMP(6), "
      "`valid_s`={}{}",
      next_epoch, bytes_literal(request.owner), request.valid_for.count(),
      where_migration(request.migration));
}

std::string insert_epoch(const contract::LeaseRequest& request) {
  return fmt::format("INSERT INTO `_wherry`.`lease` VALUES ({},{},{},UTC_TIMESTAMP(6),{})",
                     bytes_literal(request.migration), first_epoch, bytes_literal(request.owner),
                     request.valid_for.count());
}

contract::Fence try_acquire(Connection& connection, const contract::LeaseRequest& request) {
  Transaction transaction(connection);
  const std::string where = where_migration(request.migration);
  const bool exists =
      !connection.query("SELECT `epoch` FROM `_wherry`.`lease`" + where + " FOR UPDATE").empty();
  if (exists) {
    // Asked again now that the row is locked: the wait for the lock may have been long.
    const Result r = connection.query(
        "SELECT `owner`, GREATEST(0, CAST(`valid_s` AS SIGNED) - TIMESTAMPDIFF(SECOND, "
        "`renewed_at`, UTC_TIMESTAMP(6))) AS `left` FROM `_wherry`.`lease`" +
        where);
    const std::string owner = r.text(0, "owner");
    if (owner != request.owner && r.number(0, "left") != 0) {
      throw_held(connection, request, owner, r.text(0, "left"));
    }
    connection.execute(update_epoch(request));
  } else {
    connection.execute(insert_epoch(request));
  }
  const auto epoch =
      connection.query("SELECT `epoch` FROM `_wherry`.`lease`" + where).number(0, std::size_t{0});
  transaction.commit();
  return {request.migration, epoch.value()};
}

// Two first acquires at once: one meets the other's row, or a deadlock, and looks again.
bool worth_another_look(const Error& e) {
  return e.kind() == ErrorKind::transient || e.code() == "mysql.duplicate_key";
}

}  // namespace

contract::Fence acquire_lease(Connection& connection, const contract::LeaseRequest& request) {
  constexpr int attempts = 3;
  for (int attempt = 1;; ++attempt) {
    try {
      return try_acquire(connection, request);
    } catch (const Error& e) {
      if (attempt == attempts || !worth_another_look(e)) throw;
    }
  }
}

void renew_lease(Connection& connection, const contract::Fence& fence) {
  const Executed done = connection.execute(
      fmt::format("UPDATE `_wherry`.`lease` SET `renewed_at`=UTC_TIMESTAMP(6){} AND `epoch`={}",
                  where_migration(fence.migration), fence.epoch));
  if (done.affected != 1) check_fence(connection, fence);
}

void release_lease(Connection& connection, const contract::Fence& fence) {
  const Executed done = connection.execute(
      fmt::format("UPDATE `_wherry`.`lease` SET `epoch`={}, `valid_s`=0{} AND `epoch`={}",
                  next_epoch, where_migration(fence.migration), fence.epoch));
  if (done.affected != 1) check_fence(connection, fence);
}

void check_owner(Connection& connection, const contract::LeaseRequest& request) {
  std::string found = "it holds no progress of this migration";
  try {
    const Result r = connection.query("SELECT `owner` FROM `_wherry`.`lease`" +
                                      where_migration(request.migration));
    if (!r.empty() && r.text(0, "owner") == request.owner) return;
    if (!r.empty()) found = "what it holds of this migration was written by another process";
  } catch (const Error& e) {
    const bool absent = e.code() == "mysql.no_such_object" || e.code() == "mysql.privilege";
    if (!absent) throw;
  }
  throw Error(
      ErrorKind::rejected, "target.not_a_copy",
      "another server answers as target, and " + found +
          ": point the configuration at the target or at a promoted replica of it, or begin "
          "a new migration with a new journal folder",
      connection.endpoint().text());
}

void check_fence(Connection& connection, const contract::Fence& fence) {
  require_fence(connection, fence, connection.query(fence_question(fence)));
}

std::string fence_question(const contract::Fence& fence) {
  return "SELECT `epoch` FROM `_wherry`.`lease`" + where_migration(fence.migration) +
         " LOCK IN SHARE MODE";
}

void require_fence(Connection& connection, const contract::Fence& fence, const Result& answer) {
  const auto epoch = answer.empty() ? std::nullopt : answer.number(0, std::size_t{0});
  if (!epoch || *epoch != fence.epoch) throw_not_ours(connection, fence, epoch);
}

}  // namespace wherry::stores::mysql
