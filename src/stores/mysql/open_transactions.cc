#include "stores/mysql/open_transactions.h"

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"

namespace wherry::stores::mysql {

namespace {

// Of no other statement of this process.
std::string new_mark() {
  static std::atomic<std::uint64_t> looks = 0;
  return fmt::format("look {}", ++looks);
}

}  // namespace

std::vector<OpenTransaction> read_open_transactions(Connection& connection) {
  constexpr std::chrono::milliseconds renewed_after{110};
  constexpr int most_looks = 50;  // somebody else may ask all the time
  connection.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT");
  for (int look = 0; look < most_looks; ++look) {
    // A copy that shows our own transaction in the middle of this very statement was made by it;
    // that the transaction is there is not enough, for an older copy may show the one before.
    const std::string mark = new_mark();
    const Result r = connection.query(fmt::format(
        "SELECT trx_mysql_thread_id, trx_rows_modified, trx_rows_locked, "
        "trx_mysql_thread_id=CONNECTION_ID(), trx_query, '{}' FROM information_schema.INNODB_TRX",
        mark));
    std::vector<OpenTransaction> others;
    bool is_new = false;
    for (std::size_t row = 0; row < r.rows(); ++row) {
      if (r.number(row, std::size_t{3}) == 1U) {
        is_new = r.text(row, std::size_t{4}).find("'" + mark + "'") != std::string::npos;
        continue;
      }
      others.push_back({r.number(row, std::size_t{0}).value_or(0),
                        r.number(row, std::size_t{1}).value_or(0),
                        r.number(row, std::size_t{2}).value_or(0)});
    }
    if (is_new) {
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
