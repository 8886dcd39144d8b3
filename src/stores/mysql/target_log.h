#pragma once
// A target's binlog, for what others write: contract::TargetLog. Reads definitions with connections
// of its own.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "contract/foreign_writes.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/damaged_reads.h"
#include "stores/mysql/foreign_transactions.h"
#include "wire/mysql/log_reader.h"

namespace wherry::stores::mysql {

class BinlogStream;

class BinlogWatch final : public contract::TargetLog {
 public:
  // Connects to the target, and verifies that it is the same server.
  using Connect = std::function<std::unique_ptr<Connection>()>;

  BinlogWatch(Endpoint endpoint, Connect connect, std::string migration, model::Position from,
              std::uint64_t most_keys, std::string identity, std::shared_ptr<DamagedReads> damaged);
  ~BinlogWatch() override;

  std::optional<contract::ForeignWrites> next(std::chrono::milliseconds patience,
                                              const std::stop_token& stop) override;
  void watch(contract::WatchedTables tables) override;

 private:
  void open(const std::stop_token& stop);
  void read_definitions();
  void require_order(const std::stop_token& stop);
  std::optional<contract::ForeignWrites> read(std::chrono::milliseconds patience,
                                              const std::stop_token& stop);

  const Endpoint endpoint_;
  const Connect connect_;
  const std::string migration_;
  model::Position place_;
  const std::uint64_t most_keys_;
  const std::string identity_;
  const std::shared_ptr<DamagedReads> damaged_;  // of all readers of this log
  contract::WatchedTables tables_;
  std::unique_ptr<BinlogStream> stream_;
  std::optional<wire::mysql::LogReader> reader_;
  std::optional<ForeignTransactions> transactions_;
  std::chrono::steady_clock::time_point last_told_;
  std::unique_ptr<Connection> order_;  // why_not_in_order() is asked there
  std::chrono::steady_clock::time_point order_asked_;
};

// As contract::WatchedTarget::log_mark(): when the file was begun, which its first event tells.
std::string log_mark(const Endpoint& endpoint, const std::string& identity,
                     const model::Position& place, const std::stop_token& stop);

// Why this server's log does not tell of the writes of others; nothing if it does.
std::optional<model::Finding> why_unwatchable(Connection& connection);

}  // namespace wherry::stores::mysql
