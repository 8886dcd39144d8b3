#include "guards/network_rules.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

namespace wherry::guards {

namespace {

// "[::ffff:10.0.0.7%eth0]:53412" → "::ffff:10.0.0.7"
std::string address_in(const std::string& peer) {
  std::string address = peer.substr(0, peer.rfind(':'));
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  return address.substr(0, address.find('%'));
}

}  // namespace

std::string no_network_rules(const std::string& table) {
  return fmt::format("add table inet {0}\ndelete table inet {0}\n", table);
}

std::string network_rules(const std::string& table, std::uint16_t port,
                          const std::vector<base::IpNetwork>& allowed, Refuse refuse) {
  std::string out = no_network_rules(table);
  out += fmt::format("table inet {} {{\n  chain strangers {{\n", table);
  for (const auto& network : allowed) {
    out += fmt::format("    {} saddr {} accept\n", network.is_v4() ? "ip" : "ip6", network.text());
  }
  // A reset carries nothing, and lets the server see that somebody has gone.
  out += "    tcp flags rst accept\n";
  out += refuse == Refuse::everything
             ? "    reject with tcp reset\n"
             : "    tcp flags & (syn | ack) == syn reject with tcp reset\n";
  out += "  }\n  chain input {\n    type filter hook input priority -1; policy accept;\n";
  out += fmt::format("    tcp dport {} jump strangers\n  }}\n}}\n", port);
  return out;
}

std::vector<std::string> strangers_among(const std::string& connections,
                                         const std::vector<base::IpNetwork>& allowed) {
  std::vector<std::string> out;
  std::istringstream lines(connections);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string last;
    for (std::string word; words >> word;) last = word;
    if (last.empty()) continue;
    const auto peer = base::IpNetwork::parse(address_in(last));
    const bool let_in = peer && std::any_of(allowed.begin(), allowed.end(), [&](const auto& known) {
                          return known.contains(*peer);
                        });
    if (!let_in) out.push_back(last);
  }
  return out;
}

}  // namespace wherry::guards
