#pragma once
// What every migration can be asked, whatever it moves: the face that commands, the local socket
// and the progress display see. run() is called once, by one thread; everything else may be called
// from others while it runs.

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/rehearsal_view.h"
#include "engine/status.h"
#include "engine/switch_view.h"
#include "model/finding.h"

namespace wherry::engine {

struct FinishOptions {
  bool dry_run = false;
  bool open_source = false;  // applications may write to the old side again
};

struct Repaired {
  std::string collection;  // printable, on the target
  std::uint64_t keys = 0;
  std::vector<std::string> statements;  // what was or would be done
};

class AnyMigration {
 public:
  AnyMigration() = default;
  AnyMigration(const AnyMigration&) = delete;
  AnyMigration& operator=(const AnyMigration&) = delete;
  virtual ~AnyMigration() = default;

  // Findings of both sides, most severe first; changes nothing.
  virtual std::vector<model::Finding> assess() = 0;

  // Until stop (returns) or an error that time does not mend (thrown; the migration stays
  // resumable). Throws Error(rejected, "assess.blocked") if a blocker was found before anything was
  // moved.
  virtual void run(const std::stop_token& stop) = 0;

  // False: there is no change log, so run() ends by itself when all is copied and proved, and
  // verify() and repair() do their work at once when nothing runs.
  virtual bool follows() const { return true; }

  virtual void pause() = 0;
  virtual void resume() = 0;
  virtual void verify() = 0;  // all proofs are taken again

  // Mends what was found different; with `dry_run` only tells how.
  virtual std::vector<Repaired> repair(bool dry_run, const std::stop_token& stop) = 0;

  virtual Status status() const = 0;

  // What must hold before a switch; changes nothing.
  virtual std::vector<SwitchCheck> check_switch(SwitchDirection /*direction*/) {
    throw_not_switched();
  }
  // Begins one beside run(); switch_view() tells how it goes. Throws Error(rejected,
  // "cutover.running") if one runs already.
  virtual void begin_switch(SwitchDirection /*direction*/, const SwitchOptions& /*options*/) {
    throw_not_switched();
  }
  virtual SwitchView switch_view() const { return {}; }
  // Removes what is kept on both sides after a switch: the end. What is removed, as lines for
  // people. Requires: run() is not running. Throws Error(rejected, "finish.not_switched").
  virtual std::vector<std::string> finish(const FinishOptions& /*options*/) {
    throw_not_switched();
  }

  // What must hold before a rehearsal that is meant to last so long; changes nothing.
  virtual std::vector<SwitchCheck> check_rehearsal(std::chrono::seconds /*lasting*/) {
    throw_not_rehearsed();
  }
  // Returns when others may write to the target as they like. Throws Error(rejected,
  // "rehearsal.…").
  virtual void begin_rehearsal(std::chrono::seconds /*lasting*/) { throw_not_rehearsed(); }
  // What they changed is undone beside it; rehearsal() tells how that goes. With `resync` every
  // table is copied again.
  virtual void end_rehearsal(bool /*resync*/) { throw_not_rehearsed(); }
  virtual RehearsalView rehearsal() { throw_not_rehearsed(); }

  // Everything the source had when this was called is on the target and, with `proof`, every item
  // of it is proved equal: true. Otherwise look again later.
  virtual bool is_settled(bool proof) = 0;

 private:
  [[noreturn]] static void throw_not_rehearsed() {
    throw base::Error(base::ErrorKind::not_supported, "rehearsal.not_supported",
                      "there is no rehearsal for a migration of this kind");
  }
  [[noreturn]] static void throw_not_switched() {
    throw base::Error(base::ErrorKind::not_supported, "cutover.not_supported",
                      "a migration of this kind is not switched over by Wherry yet");
  }
};

}  // namespace wherry::engine
