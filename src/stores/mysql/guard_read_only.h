#pragma once
// The guard "read_only": the server's own switch. Accounts that may bypass it, Wherry's among them,
// go on writing. As contract/guard.h says. The server forgets it when it is started anew: drain()
// then says so, and another raise() sets it again.

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/guard.h"
#include "stores/mysql/guarded_server.h"

namespace wherry::stores::mysql {

class ReadOnlyGuard final : public contract::Guard {
 public:
  explicit ReadOnlyGuard(GuardedServer server) : server_(std::move(server)) {}

  std::string name() const override { return "read_only"; }
  std::vector<model::Finding> assess() override;
  contract::GuardUndo look() override;
  void raise(const contract::GuardUndo& undo, const std::stop_token& stop) override;
  std::vector<contract::Writer> drain(std::chrono::milliseconds patience,
                                      const std::stop_token& stop) override;
  void lower(const contract::GuardUndo& undo, const std::stop_token& stop) override;

 private:
  const GuardedServer server_;
};

}  // namespace wherry::stores::mysql
