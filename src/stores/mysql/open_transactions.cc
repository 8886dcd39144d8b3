#include "stores/mysql/open_transactions.h"

#include <chrono>
#include <string_view>
#include <thread>

#include "base/error.h"

namespace wherry::stores::mysql {

namespace {

constexpr std::string_view list =
    "SELECT trx_mysql_thread_id, trx_rows_modified, trx_rows_locked, "
    "trx_mysql_thread_id=CONNECTION_ID() FROM information_schema.INNODB_TRX";

}  // namespace

std::vector<OpenTransaction> read_open_transactions(Connection& connection) {
  constexpr std::chrono::milliseconds renewed_after{110};
  constexpr int most_looks = 50;  // somebody else may ask all the time
  // An answer that has our own transaction is not older than that.
  connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  for (int look = 0; look < most_looks; ++look) {
    const Result r = connection.query(list);
    std::vector<OpenTransaction> others;
    bool has_own = false;
    for (std::size_t row = 0; row < r.rows(); ++row) {
      if (r.number(row, std::size_t{3}) == 1U) {
        has_own = true;
        continue;
      }
      others.push_back({r.number(row, std::size_t{0}).value_or(0),
                        r.number(row, std::size_t{1}).value_or(0),
                        r.number(row, std::size_t{2}).value_or(0)});
    }
    if (has_own) {
      connection.execute("COMMIT");
      return others;
    }
    std::this_thread::sleep_for(renewed_after);
  }
  connection.execute("COMMIT");
  throw base::Error(base::ErrorKind::transient, "mysql.transactions_unknown",
                    "somebody asks for information_schema.INNODB_TRX all the time, and the server "
                    "renews it only when nobody does",
                    connection.endpoint().text());
}

}  // namespace wherry::stores::mysql
