#pragma once
// The guard "network": rules of nftables on the server's machine, in a table of their own, let
// nobody but the allowed addresses reach its port. As contract/guard.h says. Who is connected when
// they go up may end what he does, as long as drain() is patient; then all that comes from him is
// refused and his connections are closed. What the server was doing for him goes on to its end, or
// is undone. They are gone when that machine is started anew: drain() says so.

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/ip_network.h"
#include "contract/guard.h"
#include "guards/host.h"

namespace wherry::guards {

struct GuardedPort {
  std::string migration;  // its name
  std::string side;       // "source", "target"
  std::string host;       // as Wherry calls the server; empty: by a socket of this machine
  std::uint16_t port = 0;
};

class NetworkGuard final : public contract::Guard {
 public:
  NetworkGuard(GuardedPort server, Host host, std::vector<base::IpNetwork> allowed);

  std::string name() const override { return "network"; }
  std::vector<model::Finding> assess() override;
  contract::GuardUndo look() override;
  void raise(const contract::GuardUndo& undo, const std::stop_token& stop) override;
  std::vector<contract::Writer> drain(std::chrono::milliseconds patience,
                                      const std::stop_token& stop) override;
  void lower(const contract::GuardUndo& undo, const std::stop_token& stop) override;

 private:
  // Who is connected and not allowed, when `script` has run; an `exit` there is as Host::run says.
  std::vector<std::string> strangers_after(const std::string& script, const std::string& input,
                                           const std::stop_token& stop) const;
  // A script that closes the connections of all who are not allowed.
  std::string closing() const;
  void add_own_address(std::vector<model::Finding>& findings) const;

  const GuardedPort server_;
  const Host host_;
  const std::vector<base::IpNetwork> allowed_;
  const std::string table_;
};

}  // namespace wherry::guards
