#pragma once
// A guard keeps outside writers off a store while a migration switches over. What lowers it again
// is known, and journaled, before it is raised; so it can be lowered after a crash at any instant.
// Used by one thread at a time. Errors: connection_lost and transient (do the same again), rejected
// (it cannot be raised or lowered as things are: says who or what is in the way).
//
//   look → (journal) → raise → drain → … → lower
//
// raise() and lower() converge: each may come again after it was cut short anywhere, and lower()
// may come after a raise() that was never begun.

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "model/finding.h"

namespace wherry::contract {

// What lower() needs to bring everything back.
struct GuardUndo {
  std::string state;  // opaque to everybody but the guard
  // The same for a person who has nothing but the store's own client: statements, without an end.
  std::vector<std::string> statements;
};

// Somebody who may still write although the guard is raised.
struct Writer {
  std::string who;  // "app@10.0.0.7, connection 4711"
  std::string why;  // "was connected before, and keeps what it was allowed then"
};

class Guard {
 public:
  Guard() = default;
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  virtual ~Guard() = default;

  virtual std::string name() const = 0;  // "accounts", "read_only", …: one of a kind on each side
  // It keeps off what acts by itself, which a switch moves to the other side: there is nothing to
  // be lowered behind it.
  virtual bool is_of_moving_objects() const { return false; }

  // Can it be raised, would it hold, who gets past it? Changes nothing.
  virtual std::vector<model::Finding> assess() = 0;

  // Changes nothing. Requires: it is not raised.
  virtual GuardUndo look() = 0;

  virtual void raise(const GuardUndo& undo, const std::stop_token& stop) = 0;

  // Waits until nobody whom it keeps off can still write by what he was allowed before; those that
  // are left when `patience` is over are ended. Who is left all the same; nobody: it holds. Asked
  // again, it looks again.
  [[nodiscard]] virtual std::vector<Writer> drain(std::chrono::milliseconds patience,
                                                  const std::stop_token& stop) = 0;

  // As it was before it was raised, to the byte. Throws Error(rejected, "guard.not_restored") if
  // what is there afterwards is not what was there before.
  virtual void lower(const GuardUndo& undo, const std::stop_token& stop) = 0;
};

}  // namespace wherry::contract
