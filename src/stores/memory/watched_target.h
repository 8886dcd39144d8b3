#pragma once
// The log of a server in memory as a target's: contract::WatchedTarget. Its log can always be read.

#include <memory>
#include <string>
#include <utility>

#include "contract/foreign_writes.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

class WatchedTarget final : public contract::WatchedTarget {
 public:
  explicit WatchedTarget(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  std::optional<model::Finding> unwatchable() override { return std::nullopt; }
  model::Position log_end() override { return server_->log_end(); }
  std::string log_mark(const model::Position&, const std::stop_token&) override {
    return server_->log_mark();
  }
  std::unique_ptr<contract::TargetLog> open_log(const std::string& migration,
                                                const model::Position& from,
                                                std::uint64_t most_keys) override;

 private:
  std::shared_ptr<Server> server_;
};

}  // namespace wherry::stores::memory
