#pragma once
// A MariaDB or MySQL server as target: contract::RowTarget, contract::DdlTarget,
// contract::SchemaObjects, contract::CounterTarget, contract::WatchedTarget and
// contract::RehearsalTarget. Thread-safe:
// every call opens a connection of its own, but renewals, which keep one, so that nothing else
// makes them late. Each connection verifies that it reached the server it reached first, until
// meet_anew().

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/foreign_writes.h"
#include "contract/rehearsal.h"
#include "contract/row_store.h"
#include "contract/schema_objects.h"
#include "contract/sequences.h"
#include "stores/mysql/connection.h"
#include "stores/mysql/damaged_reads.h"
#include "stores/mysql/object_statement.h"

namespace wherry::stores::mysql {

class Target final : public contract::RowTarget,
                     public contract::DdlTarget,
                     public contract::SchemaObjects,
                     public contract::CounterTarget,
                     public contract::WatchedTarget,
                     public contract::RehearsalTarget {
 public:
  // `identity` as identity() told it earlier; empty = whatever server answers first.
  // `definers`: other accounts for the definers of views, routines, triggers and events.
  explicit Target(Endpoint endpoint, std::string identity = {}, DefinerMap definers = {});
  ~Target() override;

  std::string describe() override;
  std::string identity() override;
  void meet_anew() override;
  void heed(const std::stop_token& stop) override;
  void check_successor(const contract::LeaseRequest& request) override;
  std::vector<model::Finding> assess(const std::vector<contract::TablePair>& tables) override;

  void prepare() override;

  contract::Fence acquire(const contract::LeaseRequest& request) override;
  void renew(const contract::Fence& fence, const std::stop_token& stop) override;
  void release(const contract::Fence& fence) override;

  contract::TargetProgress load_progress(const std::string& migration,
                                         const std::stop_token& stop) override;
  void start_stream(const contract::Fence& fence, const model::Position& from) override;
  void rebase_stream(const contract::Fence& fence, const contract::StreamRebase& to) override;
  void adopt(const contract::Fence& fence, const contract::Adoption& adoption) override;

  std::unique_ptr<contract::RowReader> reader(const std::stop_token& stop) override;
  std::unique_ptr<contract::RowWriter> writer(const contract::Fence& fence,
                                              const std::stop_token& stop) override;

  void create_tables(const contract::Fence& fence, contract::RowSource& source,
                     const std::vector<contract::TablePair>& tables) override;
  void begin_filling(const contract::Fence& fence,
                     const std::vector<contract::TablePair>& tables) override;
  void end_filling(const contract::Fence& fence, const model::CollectionName& table,
                   const std::stop_token& stop) override;
  std::optional<model::TableSchema> definition(const model::CollectionName& name) override;
  std::vector<contract::CascadeRule> cascades(
      const std::vector<contract::TablePair>& tables) override;

  std::vector<std::string> statements(const contract::TablePair& table,
                                      const std::vector<model::Key>& remove,
                                      const model::RowBatch& put) override;

  void forget(const std::string& migration) override;

  contract::DdlPlan plan(const model::DdlEvent& event, const contract::TableFilter& filter,
                         const contract::TableRoute& route) override;
  void make_schemas(const contract::Fence& fence, contract::RowSource& source,
                    const contract::TableFilter& filter,
                    const contract::TableRoute& route) override;
  std::optional<std::string> learn(const contract::Fence& fence, contract::RowSource& source,
                                   const contract::DdlPlan& plan, const model::DdlEvent& event,
                                   const contract::TableRoute& route,
                                   const contract::WindowMark& mark,
                                   const std::stop_token& stop) override;
  void apply(const contract::Fence& fence, const contract::DdlPlan& plan,
             const model::DdlEvent& event, const contract::TableRoute& route,
             const contract::WindowMark& mark, const std::vector<contract::TablePair>& again,
             const std::stop_token& stop) override;

  std::vector<model::Finding> assess_objects(contract::RowSource& source,
                                             const contract::TableFilter& filter,
                                             const contract::TableRoute& route) override;
  std::vector<model::Finding> create_objects(const contract::Fence& fence,
                                             contract::RowSource& source,
                                             const contract::TableFilter& filter,
                                             const contract::TableRoute& route) override;
  contract::ObjectPlan plan_object(const model::DdlEvent& event,
                                   const contract::TableFilter& filter,
                                   const contract::TableRoute& route) override;
  contract::ObjectOutcome apply_object(const contract::Fence& fence, const model::DdlEvent& event,
                                       const contract::TableFilter& filter,
                                       const contract::TableRoute& route,
                                       const contract::WindowMark& mark,
                                       const std::stop_token& stop) override;
  std::vector<contract::HeldBack> held_back(contract::RowSource& source,
                                            const contract::TableFilter& filter) override;
  std::vector<model::Finding> assess_held_back(const std::vector<contract::HeldBack>& list,
                                               const contract::TableRoute& route) override;
  std::vector<model::Finding> make_held_back(const contract::Fence& fence,
                                             const std::vector<contract::HeldBack>& list,
                                             const contract::TableRoute& route,
                                             const std::stop_token& stop) override;
  void remove_held_back(const contract::Fence& fence, const std::stop_token& stop) override;
  std::vector<model::Finding> drop_listed(const contract::Fence& fence,
                                          const std::vector<contract::HeldBack>& list,
                                          const std::stop_token& stop) override;
  std::vector<std::string> statements_of(
      const std::vector<contract::HeldBack>& list) const override;

  contract::Lifted lift(const contract::Fence& fence, const std::vector<model::Counter>& wanted,
                        const std::vector<contract::CounterTable>& tables,
                        const contract::TableRoute& route, const std::stop_token& stop) override;
  std::vector<model::Counter> check(const std::vector<model::Counter>& wanted,
                                    const std::vector<contract::CounterTable>& tables,
                                    const contract::TableRoute& route) override;

  std::optional<model::Finding> unwatchable() override;
  model::Position log_end() override;
  std::string log_mark(const model::Position& place, const std::stop_token& stop) override;
  std::unique_ptr<contract::TargetLog> open_log(const std::string& migration,
                                                const model::Position& from,
                                                std::uint64_t most_keys) override;

  std::string look(const std::vector<contract::TablePair>& tables) override;
  contract::MadeAsBefore make_as_before(const contract::Fence& fence, const std::string& looked,
                                        const std::vector<contract::TablePair>& tables,
                                        const std::vector<contract::TablePair>& again,
                                        const std::stop_token& stop) override;
  void count_as_before(const contract::Fence& fence, const std::string& looked,
                       const std::vector<contract::TablePair>& tables,
                       const std::stop_token& stop) override;

 private:
  std::unique_ptr<Connection> connect();  // heeds what heed() was given
  std::unique_ptr<Connection> connect(const std::stop_token& stop);
  template <typename Call>
  auto with_lease_connection(const Call& call);

  const Endpoint endpoint_;
  const DefinerMap definers_;
  std::mutex identity_mutex_;
  std::string identity_;
  const std::shared_ptr<DamagedReads> damaged_reads_ = std::make_shared<DamagedReads>();
  std::mutex heeded_mutex_;
  std::stop_token heeded_;
  std::atomic<bool> watchable_{false};  // as unwatchable() found it last
  std::mutex lease_mutex_;
  std::unique_ptr<Connection> lease_connection_;
};

}  // namespace wherry::stores::mysql
