#pragma once
// A server in memory as source. As contract/row_store.h says.

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/row_store.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

class Source final : public contract::RowSource {
 public:
  explicit Source(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  std::string describe() override { return "memory server " + server_->name(); }
  std::string identity() override;
  void meet_anew() override;
  std::vector<model::Finding> assess(const contract::TableFilter& filter) override;
  std::vector<model::TableSchema> tables(const contract::TableFilter& filter) override;
  std::vector<contract::CascadeRule> cascades(
      const std::vector<contract::TablePair>& tables) override;
  model::Position position() override;
  std::vector<std::string> prepared() override { return {}; }
  model::Position start() override { return server_->with_history(position()); }
  model::Position resume_at(const model::Position& applied, const std::stop_token& stop) override;
  std::unique_ptr<contract::RowReader> reader(const std::stop_token& stop) override;
  std::unique_ptr<contract::ChangeLog> changes(const model::Position& from,
                                               contract::TrackedTables tables) override;
  contract::SourceLoad load() override;
  model::Position final_position(std::chrono::milliseconds /*patience*/,
                                 const std::stop_token& /*stop*/) override {
    return position();  // a commit is an instant here
  }

 private:
  Meant meant();

  std::shared_ptr<Server> server_;
  std::mutex mutex_;
  std::string name_;
};

// Those of the server's foreign keys whose tables bear these names, by their ids.
std::vector<contract::CascadeRule> cascades_between(
    const Server& server, const std::map<model::CollectionName, model::CollectionId>& ids);

}  // namespace wherry::stores::memory
