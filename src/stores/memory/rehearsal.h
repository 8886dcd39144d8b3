#pragma once
// A server in memory as a target of rehearsals: contract::RehearsalTarget. Nothing counts up by
// itself there.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/rehearsal.h"
#include "stores/memory/server.h"

namespace wherry::stores::memory {

class RehearsalTarget final : public contract::RehearsalTarget {
 public:
  explicit RehearsalTarget(std::shared_ptr<Server> server) : server_(std::move(server)) {}

  std::string look(const std::vector<contract::TablePair>& tables) override;
  contract::MadeAsBefore make_as_before(const contract::Fence& fence, const std::string& looked,
                                        const std::vector<contract::TablePair>& tables,
                                        const std::vector<contract::TablePair>& again,
                                        const std::stop_token& stop) override;
  void count_as_before(const contract::Fence& /*fence*/, const std::string& /*looked*/,
                       const std::vector<contract::TablePair>& /*tables*/,
                       const std::stop_token& /*stop*/) override {}

 private:
  std::shared_ptr<Server> server_;
};

}  // namespace wherry::stores::memory
