// From which kind of server to which a round of the checker goes.
//
// Thread-safety: values. Errors: std::invalid_argument for a WHERRY_PAIR that is none.
#pragma once

#include <string>

#include "tests/support/server.h"

namespace wherry::tests {

struct Pair {
  ServerKind from = ServerKind::mariadb;
  ServerKind to = ServerKind::mariadb;

  bool available() const { return Server::available(from) && Server::available(to); }
  // Definitions of one kind of server are shown alike.
  bool of_one_kind() const { return from == to; }
};

std::string to_string(const Pair& pair);  // "mysql56-mariadb"

// What WHERRY_PAIR names, or else the one that this seed stands for.
Pair pair_of(unsigned seed);

}  // namespace wherry::tests
