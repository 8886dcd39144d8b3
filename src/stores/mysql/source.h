#pragma once
// A MariaDB or MySQL server whose tables are moved away from. As contract/row_store.h and
// contract/sequences.h say.
// Connects at the first call that needs it, and again after a lost connection; every later
// connection must find the server that the first one found, until meet_anew().

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/rehearsal.h"
#include "contract/row_store.h"
#include "contract/sequences.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/damaged_reads.h"
#include "stores/mysql/log_barrier.h"
#include "stores/mysql/object_definitions.h"
#include "stores/mysql/schema_maker.h"
#include "stores/mysql/xa_book.h"

namespace wherry::stores::mysql {

struct SourceOptions {
  Endpoint endpoint;
  std::string identity;  // as identity() said when the migration began; empty = whichever server
                         // answers first
  std::uint32_t server_id =
      0;  // what the log's reader calls itself: unlike every replica's; 0 = chosen at random
  std::chrono::milliseconds new_log_every =
      std::chrono::seconds(10);  // at most, on a MySQL without GTIDs (log_barrier.h)
  std::optional<Endpoint> read_from = std::nullopt;  // a replica of it, to be copied from
};

class Source final : public contract::RowSource,
                     public contract::CounterSource,
                     public contract::KeptLog {
 public:
  explicit Source(SourceOptions options);
  ~Source() override;

  std::string describe() override;
  std::string identity() override;
  void meet_anew() override;
  void heed(const std::stop_token& stop) override;
  std::vector<model::Finding> assess(const contract::TableFilter& filter) override;
  std::vector<model::TableSchema> tables(const contract::TableFilter& filter) override;
  std::vector<contract::CascadeRule> cascades(
      const std::vector<contract::TablePair>& tables) override;
  model::Position position() override;
  std::vector<std::string> prepared() override;
  model::Position start() override;
  model::Position resume_at(const model::Position& applied, const std::stop_token& stop) override;
  std::unique_ptr<contract::RowReader> reader(const std::stop_token& stop) override;
  std::unique_ptr<contract::RowReader> copy_reader(const std::stop_token& stop) override;
  std::unique_ptr<contract::ChangeLog> changes(const model::Position& from,
                                               contract::TrackedTables tables) override;
  contract::SourceLoad load() override;
  model::Position final_position(std::chrono::milliseconds patience,
                                 const std::stop_token& stop) override;
  std::vector<model::Counter> counters(const contract::TableFilter& filter,
                                       const std::vector<contract::CounterTable>& tables) override;

  Keeping log_kept() override;

  // The server's own words for tables ("CREATE TABLE …"), for a target of this kind; nothing for
  // one that is not there.
  std::vector<std::optional<std::string>> create_statements(
      const std::vector<model::CollectionName>& tables);
  // The schemas it has now, with what new tables get in them.
  std::vector<SchemaDefaults> schemas();
  std::vector<model::Finding> assess_with(Connection& target, const contract::TableFilter& filter,
                                          const contract::TableRoute& route);
  // The chosen views, routines, triggers and events, for a target of this kind.
  std::vector<ObjectDefinition> objects(const contract::TableFilter& filter, ObjectChoice choice);
  std::vector<contract::HeldBack> held_back(const contract::TableFilter& filter);

 private:
  // Runs `use` on the connection, one caller at a time; once more on a new connection if the old
  // one was found lost.
  template <typename Use>
  auto with_connection(Use use) -> decltype(use(std::declval<Connection&>()));
  Connection& connected();
  std::shared_ptr<XaBook> xa_book();
  std::uint32_t reader_id() const;  // for a reader of the log

  static contract::SourceLoad load_of(std::unique_ptr<Connection>& connection,
                                      const Endpoint& server, const std::string& identity);

  SourceOptions options_;
  std::shared_ptr<LogBarrier> barrier_;
  std::mutex mutex_;
  std::shared_ptr<XaBook> xa_book_ = std::make_shared<XaBook>();  // of the server that is meant
  const std::shared_ptr<DamagedReads> damaged_reads_ = std::make_shared<DamagedReads>();
  std::unique_ptr<Connection> connection_;
  std::stop_token heeded_;
  // Asked every second and never long: it must not wait on a source that stands still. With a
  // replica to read from, the busier of the two counts.
  std::mutex load_mutex_;
  std::unique_ptr<Connection> load_connection_;
  std::unique_ptr<Connection> replica_load_connection_;
};

}  // namespace wherry::stores::mysql
