#pragma once
// The guard "accounts": the named accounts keep what lets them read and lose the rest, at every
// level, with the roles that give more. As contract/guard.h says. Passwords are neither read nor
// changed. GRANT and REVOKE go into the server's log.

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/guard.h"
#include "stores/mysql/account_grants.h"
#include "stores/mysql/guarded_server.h"

namespace wherry::stores::mysql {

class AccountsGuard final : public contract::Guard {
 public:
  // `accounts`: "user@host", as the server has them.
  AccountsGuard(GuardedServer server, const std::vector<std::string>& accounts);

  std::string name() const override { return "accounts"; }
  std::vector<model::Finding> assess() override;
  contract::GuardUndo look() override;
  void raise(const contract::GuardUndo& undo, const std::stop_token& stop) override;
  std::vector<contract::Writer> drain(std::chrono::milliseconds patience,
                                      const std::stop_token& stop) override;
  void lower(const contract::GuardUndo& undo, const std::stop_token& stop) override;

 private:
  const GuardedServer server_;
  std::vector<Account> accounts_;
  std::uint64_t raised_at_ = 0;  // sessions with greater numbers began after that; 0 = not known
};

}  // namespace wherry::stores::mysql
