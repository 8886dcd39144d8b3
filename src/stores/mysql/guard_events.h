#pragma once
// The guard "events": scheduled events of the chosen schemas that are enabled are disabled. As
// contract/guard.h says. They keep all that they have, but the time of their last change.

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "contract/guard.h"
#include "stores/mysql/guarded_server.h"

namespace wherry::stores::mysql {

class EventsGuard final : public contract::Guard {
 public:
  using SchemaFilter = std::function<bool(const std::string& schema)>;
  EventsGuard(GuardedServer server, SchemaFilter schemas)
      : server_(std::move(server)), schemas_(std::move(schemas)) {}

  std::string name() const override { return "events"; }
  bool is_of_moving_objects() const override { return true; }
  std::vector<model::Finding> assess() override;
  contract::GuardUndo look() override;
  void raise(const contract::GuardUndo& undo, const std::stop_token& stop) override;
  // Events that were in the middle of running are waited for, whatever schema they are of: the
  // server does not tell.
  std::vector<contract::Writer> drain(std::chrono::milliseconds patience,
                                      const std::stop_token& stop) override;
  void lower(const contract::GuardUndo& undo, const std::stop_token& stop) override;

 private:
  const GuardedServer server_;
  const SchemaFilter schemas_;
  std::uint64_t raised_at_ = 0;  // sessions with greater numbers began after that; 0 = not known
};

}  // namespace wherry::stores::mysql
