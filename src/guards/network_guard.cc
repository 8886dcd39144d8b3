#include "guards/network_guard.h"

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/error.h"
#include "guards/by_hand.h"
#include "guards/network_rules.h"
#include "guards/own_address.h"

namespace wherry::guards {

using namespace std::chrono_literals;
using base::Error;
using Clock = std::chrono::steady_clock;

namespace {

constexpr const char* apply = "nft --file - || exit";

}  // namespace

NetworkGuard::NetworkGuard(GuardedPort server, Host host, std::vector<base::IpNetwork> allowed)
    : server_(std::move(server)),
      host_(std::move(host)),
      allowed_(std::move(allowed)),
      // Both servers may be on one machine.
      table_(fmt::format("wherry_{}_{}", server_.migration, server_.side)) {}

std::vector<model::Finding> NetworkGuard::assess() {
  constexpr std::string_view what_to_do =
      "the network guard needs nft and ss (of iproute2) there, and to be root; where nobody can be "
      "root, as on a managed server, leave this side out of cutover.guards.network";
  std::vector<model::Finding> findings;
  // Tries the rules without making them. A container's port is published by rules or a program that
  // ours do not stand in the way of.
  const std::string look = fmt::format(
      "nft --check --file - || exit; command -v ss >/dev/null || {{ echo there is no ss; exit 1; "
      "}}; "
      "who=$(ss -Hltnp 'sport = :{0}'); case $who in "
      "'') echo nothing listens on port {0} there; exit 1;; "
      "*docker-proxy*) echo port {0} is that of a container; exit 1;; esac",
      server_.port);
  try {
    host_.run(look, network_rules(table_, server_.port, allowed_, Refuse::everything), {});
  } catch (const Error& error) {
    findings.push_back({model::Severity::blocker, error.code(), server_.side, error.message(),
                        std::string(what_to_do)});
  }
  if (!server_.host.empty()) add_own_address(findings);
  return findings;
}

void NetworkGuard::add_own_address(std::vector<model::Finding>& findings) const {
  const auto route = route_to(server_.host);
  if (!route) return;
  if (host_.is_local() && route->from != route->to) {
    findings.push_back({model::Severity::blocker, "guard.not_local", server_.side,
                        fmt::format("the server is on another machine, {}", route->to),
                        "say in cutover.guards.network how ssh gets there: root@" + server_.host});
  }
  const auto own = base::IpNetwork::parse(route->from);
  if (own && std::any_of(allowed_.begin(), allowed_.end(),
                         [&](const auto& network) { return network.contains(*own); })) {
    return;
  }
  findings.push_back({model::Severity::warning, "guard.own_address", server_.side,
                      fmt::format("Wherry comes from {}, which is not let through", route->from),
                      "add it to cutover.guards.network.allow, unless the server sees another "
                      "address of Wherry, and that is there"});
}

contract::GuardUndo NetworkGuard::look() {
  return {host_.address(),
          {by_hand("as root on " + host_.name(), "nft delete table inet " + table_)}};
}

void NetworkGuard::raise(const contract::GuardUndo& /*undo*/, const std::stop_token& stop) {
  host_.run(apply, network_rules(table_, server_.port, allowed_, Refuse::new_connections), stop);
}

std::vector<contract::Writer> NetworkGuard::drain(std::chrono::milliseconds patience,
                                                  const std::stop_token& stop) {
  constexpr auto to_close = 3s;
  constexpr auto between = 50ms;
  const std::string stands = fmt::format(
      "nft list table inet {0} >/dev/null 2>&1 || {{ echo the rules of table {0} are gone; exit 1; "
      "}}",
      table_);
  const auto cut_at = Clock::now() + patience;
  while (!strangers_after(stands, "", stop).empty() && Clock::now() + between < cut_at) {
    std::this_thread::sleep_for(between);
  }
  auto left = strangers_after(
      apply, network_rules(table_, server_.port, allowed_, Refuse::everything), stop);
  const auto until = Clock::now() + to_close;
  while (!left.empty() && Clock::now() < until) {
    left = strangers_after(closing(), "", stop);
    if (!left.empty()) std::this_thread::sleep_for(between);
  }
  std::vector<contract::Writer> writers;
  for (const auto& peer : left) {
    writers.push_back({peer,
                       "the connection cannot be closed (`ss --kill` needs a kernel with "
                       "INET_DIAG_DESTROY)"});
  }
  return writers;
}

void NetworkGuard::lower(const contract::GuardUndo& undo, const std::stop_token& stop) {
  // Where it was raised, whatever the configuration says by now.
  Host(undo.state).run(apply, no_network_rules(table_), stop);
}

// Half open ones may become whole; who has closed his end may have sent something before.
std::vector<std::string> NetworkGuard::strangers_after(const std::string& script,
                                                       const std::string& input,
                                                       const std::stop_token& stop) const {
  const std::string list = fmt::format(
      "ss -Htn state established state syn-recv state close-wait 'sport = :{}'", server_.port);
  return strangers_among(host_.run(script + "; " + list, input, stop), allowed_);
}

std::string NetworkGuard::closing() const {
  std::string whom = fmt::format("sport = :{}", server_.port);
  for (const auto& network : allowed_) whom += " and not dst " + network.text();
  return "ss -HKtn '" + whom + "' >/dev/null || exit";
}

}  // namespace wherry::guards
