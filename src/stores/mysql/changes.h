#pragma once
// The change log of a MariaDB or MySQL source: its binlog, read as a replica does. See
// contract/change_log.h. It connects at the first next(). Silence is told at heartbeats
// (BinlogStream::heartbeat), so a `patience` shorter than that is longer. What is passed over
// (other tables, transactions without wanted rows, log rotation) moves the position with parts that
// have no events, at least every `moved_at_least_every` and whenever the log is silent. After an
// error it is of no further use: make another at the end of the last whole transaction taken over.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "contract/change_log.h"
#include "model/position.h"
#include "stores/mysql/change_assembler.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/damaged_reads.h"
#include "stores/mysql/xa_book.h"
#include "wire/mysql/log_reader.h"

namespace wherry::stores::mysql {

class BinlogStream;

class BinlogChanges final : public contract::ChangeLog {
 public:
  static constexpr std::chrono::milliseconds moved_at_least_every{200};

  // Requires: `from` is a boundary between transactions. `server_id`: the reader's own among all
  // replicas of the source; not 0. `xa_book` is kept up to date, if there is one. `identity`: as
  // check_identity() expects it. `damaged` is of all readers of this log.
  BinlogChanges(Endpoint endpoint, model::Position from, contract::TrackedTables tables,
                std::uint32_t server_id, std::shared_ptr<XaBook> xa_book = nullptr,
                std::string identity = {},
                std::shared_ptr<DamagedReads> damaged = std::make_shared<DamagedReads>());
  ~BinlogChanges() override;

  std::optional<model::ChangePart> next(std::chrono::milliseconds patience,
                                        const std::stop_token& stop) override;
  void track(contract::TrackedTables tables) override;

 private:
  void open(const std::stop_token& stop);
  std::optional<model::ChangePart> give(model::ChangePart part);
  void note_prepared();

  Endpoint endpoint_;
  model::Position from_;
  contract::TrackedTables tables_;  // until the stream is open
  std::uint32_t server_id_;
  std::shared_ptr<XaBook> xa_book_;
  std::string identity_;
  std::shared_ptr<DamagedReads> damaged_;
  std::unique_ptr<BinlogStream> stream_;
  std::optional<wire::mysql::LogReader> reader_;
  std::optional<ChangeAssembler> assembler_;
  std::chrono::steady_clock::time_point last_part_;
  bool awaits_track_ = false;
};

}  // namespace wherry::stores::mysql
