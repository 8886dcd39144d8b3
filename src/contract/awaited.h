#pragma once
// Something outside of the stores that has to come to its end while nobody is let in any more, and
// before the final position is taken: a queue, a job, a load balancer. Used by one thread at a
// time.

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "model/finding.h"

namespace wherry::contract {

class Awaited {
 public:
  Awaited() = default;
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;
  virtual ~Awaited() = default;

  virtual std::string name() const = 0;  // printable
  // For how long it is waited for.
  virtual std::chrono::milliseconds patience() const = 0;

  // Can it be waited for? Changes nothing.
  virtual std::vector<model::Finding> assess() = 0;

  // Returns when it has come to its end. Throws Error(rejected), with why, if it has not within
  // `at_most` and its own patience, or does not; what was begun to wait for it is ended then.
  virtual void wait(std::chrono::milliseconds at_most, const std::stop_token& stop) = 0;
};

}  // namespace wherry::contract
