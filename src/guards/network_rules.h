#pragma once
// The rules of nftables that shut a port of a machine to strangers. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_network.h"

namespace wherry::guards {

enum class Refuse {
  new_connections,  // who is connected stays so
  everything,       // who is connected is told that he is not any more
};

// For `nft --file -`: in place of that table, if it is there.
std::string network_rules(const std::string& table, std::uint16_t port,
                          const std::vector<base::IpNetwork>& allowed, Refuse refuse);
// Removes the table, if it is there.
std::string no_network_rules(const std::string& table);

// Who of those that `ss -Htn` lists is none of the allowed: "10.0.0.7:53412".
std::vector<std::string> strangers_among(const std::string& connections,
                                         const std::vector<base::IpNetwork>& allowed);

}  // namespace wherry::guards
