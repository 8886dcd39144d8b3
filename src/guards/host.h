#pragma once
// The machine that a server runs on, for what has to be done there as root. Thread-safe.

#include <stop_token>
#include <string>

#include "base/process.h"

namespace wherry::guards {

class Host {
 public:
  // `address`: what ssh takes, such as "root@db1", or "local" for this machine.
  explicit Host(std::string address) : address_(std::move(address)) {}

  bool is_local() const { return address_ == "local"; }
  std::string address() const { return address_; }
  std::string name() const { return is_local() ? "this machine" : address_; }

  // A script for /bin/sh, which reads `input`; what it said. Asks for no password. Throws
  // Error(connection_lost, "guard.host_unreachable"); Error(rejected, "guard.host_refuses") with
  // what it said, if its exit code is not 0; Error(cancelled).
  std::string run(const std::string& script, const std::string& input,
                  const std::stop_token& stop) const;

 private:
  const std::string address_;
};

}  // namespace wherry::guards
