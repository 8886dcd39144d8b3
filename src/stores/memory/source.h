#pragma once
// A server in memory as source. As contract/row_store.h says.

#include <memory>
#include <string>
#include <vector>

#include "contract/row_store.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

class Source final : public contract::RowSource {
 public:
  explicit Source(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  std::string describe() override { return "memory server " + server_->name(); }
  std::string identity() override { return server_->name(); }
  std::vector<model::Finding> assess(const contract::TableFilter& filter) override;
  std::vector<model::TableSchema> tables(const contract::TableFilter& filter) override;
  model::Position position() override { return server_->log_end(); }
  std::unique_ptr<contract::RowReader> reader(const std::stop_token& stop) override;
  std::unique_ptr<contract::ChangeLog> changes(const model::Position& from,
                                               contract::TrackedTables tables) override;
  contract::SourceLoad load() override { return server_->load(); }

 private:
  std::shared_ptr<Server> server_;
};

}  // namespace wherry::stores::memory
