#pragma once
// A server in memory as target. As contract/row_store.h says. Its clock is the server's.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "contract/row_store.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

class Target final : public contract::RowTarget {
 public:
  explicit Target(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  std::string describe() override { return "memory server " + server_->name(); }
  std::string identity() override;
  void meet_anew() override;
  void check_successor(const contract::LeaseRequest& request) override;
  std::vector<model::Finding> assess(const std::vector<contract::TablePair>& tables) override;
  void prepare() override {}  // progress has its place in the server

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

 private:
  Meant meant();
  // A transaction on the server that is meant.
  void transaction(const std::function<void(Transaction&)>& body);

  std::shared_ptr<Server> server_;
  std::mutex mutex_;
  std::string name_;
};

}  // namespace wherry::stores::memory
