#include "tests/support/replica.h"

#include <stdexcept>
#include <string>

namespace wherry::tests {

void start_replica(const Server& replica, const Server& primary, Coordinates by) {
  const bool mariadb = primary.query("SELECT VERSION()").at(0).at(0).value_or("").find("MariaDB") !=
                       std::string::npos;
  std::string where;
  if (by == Coordinates::gtid) {
    where = mariadb ? "MASTER_USE_GTID=slave_pos" : "MASTER_AUTO_POSITION=1";
  } else {
    const auto first = primary.query("SHOW BINARY LOGS").at(0).at(0).value();
    where = "MASTER_LOG_FILE='" + first + "', MASTER_LOG_POS=4";
    if (mariadb) where += ", MASTER_USE_GTID=no";
  }
  replica.exec_sql("CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_USER='root', MASTER_PORT=" +
                   std::to_string(primary.port()) + ", MASTER_CONNECT_RETRY=1, " + where);
  replica.exec_sql("START SLAVE");
}

void wait_for_replica(const Server& replica, const Server& primary) {
  const auto end = primary.query("SHOW MASTER STATUS").at(0);
  const auto waited = replica.query("SELECT MASTER_POS_WAIT('" + end.at(0).value() + "', " +
                                    end.at(1).value() + ", 60)");
  const auto answer = waited.at(0).at(0);
  if (!answer || *answer == "-1") throw std::runtime_error("the replica does not catch up");
}

}  // namespace wherry::tests
