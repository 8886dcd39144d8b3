#pragma once
// A migration that runs in this process while a command asks something of it, when no `wherry run`
// is there to ask.

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <thread>

#include "app/open_migration.h"

namespace wherry::app {

class BackgroundRun {
 public:
  explicit BackgroundRun(const config::Migration& config);
  ~BackgroundRun();
  BackgroundRun(const BackgroundRun&) = delete;
  BackgroundRun& operator=(const BackgroundRun&) = delete;

  engine::AnyMigration& migration() { return open_->migration(); }
  // Throws what ended the run, if something did.
  void check();
  // Waits until the copy is there and following has begun.
  void wait_following();

 private:
  std::unique_ptr<OpenMigration> open_;
  std::atomic<bool> ended_ = false;
  std::exception_ptr failed_;
  std::jthread thread_;
};

}  // namespace wherry::app
