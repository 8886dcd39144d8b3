#include "stores/memory/changes.h"

#include <cassert>
#include <deque>

namespace wherry::stores::memory {

namespace {

class Changes final : public contract::ChangeLog {
 public:
  Changes(std::shared_ptr<Server> server, std::uint64_t place, contract::TrackedTables tables,
          const Meant& meant)
      : server_(std::move(server)),
        generation_(server_->generation(meant)),
        place_(place),
        tables_(std::move(tables)) {}

  std::optional<model::ChangePart> next(std::chrono::milliseconds patience,
                                        const std::stop_token& stop) override {
    assert(!definition_changed_);
    if (parts_.empty()) {
      auto parts = server_->parts(generation_, place_, tables_, patience, stop);
      if (parts.empty()) return std::nullopt;
      ++place_;
      for (auto& part : parts) parts_.push_back(std::move(part));
    }
    model::ChangePart part = std::move(parts_.front());
    parts_.pop_front();
    definition_changed_ = !part.ddl.empty();
    return part;
  }

  void track(contract::TrackedTables tables) override {
    tables_ = std::move(tables);
    definition_changed_ = false;
  }

 private:
  std::shared_ptr<Server> server_;
  std::uint64_t generation_;
  std::uint64_t place_;
  contract::TrackedTables tables_;
  std::deque<model::ChangePart> parts_;  // of the transaction before `place_`
  bool definition_changed_ = false;      // and not told by track() yet
};

}  // namespace

std::unique_ptr<contract::ChangeLog> open_changes(std::shared_ptr<Server> server,
                                                  const model::Position& from,
                                                  contract::TrackedTables tables,
                                                  const Meant& meant) {
  return std::make_unique<Changes>(std::move(server), from.offset, std::move(tables), meant);
}

}  // namespace wherry::stores::memory
