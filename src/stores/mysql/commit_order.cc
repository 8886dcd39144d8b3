#include "stores/mysql/commit_order.h"

#include "base/error.h"
#include "stores/mysql/log_barrier.h"
#include "stores/mysql/log_position.h"

namespace wherry::stores::mysql {

std::optional<NoOrder> why_not_in_order(Connection& connection) {
  if (connection.server().is_mariadb()) return std::nullopt;
  if (connection.scalar("SELECT @@GLOBAL.gtid_mode") == "ON") return std::nullopt;
  if (connection.scalar("SELECT @@GLOBAL.binlog_order_commits") != "1") {
    return NoOrder{
        "commits become visible in another order than that of its log (binlog_order_commits is "
        "off), and gtid_mode is off",
        "SET GLOBAL binlog_order_commits=ON;"};
  }
  if (LogBarrier::knows_xa(connection)) {
    return NoOrder{
        "others use XA transactions there, and without GTIDs it cannot be told whether a read sees "
        "them",
        "start the target with gtid_mode=ON and enforce_gtid_consistency=ON"};
  }
  return std::nullopt;
}

std::optional<model::Position> log_end_before_own_commit(Connection& connection) {
  const auto end = log_end(connection);
  if (!end) return std::nullopt;
  connection.execute(
      "INSERT INTO `_wherry`.`marker` VALUES (1,1) ON DUPLICATE KEY UPDATE `number`=`number`+1");
  // A commit that keeps to no order was counted before it came into the log.
  if (const auto no = why_not_in_order(connection)) {
    throw base::Error(base::ErrorKind::transient, "mysql.no_safe_position", no->why,
                      connection.endpoint().text());
  }
  return end;
}

}  // namespace wherry::stores::mysql
