#include "tests/checker/pair.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

namespace wherry::tests {

using enum ServerKind;

namespace {

constexpr std::array<Pair, 7> pairs{{{mariadb, mariadb},
                                     {mysql57, mariadb},
                                     {mysql57, mysql57},
                                     {mysql56, mariadb},
                                     {mysql56, mysql57},
                                     {mariadb, mysql57},
                                     {mysql56, mysql56}}};

}  // namespace

std::string to_string(const Pair& pair) {
  return std::string(to_string(pair.from)) + "-" + std::string(to_string(pair.to));
}

Pair pair_of(unsigned seed) {
  const char* wanted = std::getenv("WHERRY_PAIR");
  if (wanted == nullptr) return pairs[seed % pairs.size()];
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [&](const Pair& pair) { return to_string(pair) == wanted; });
  if (found == pairs.end()) {
    throw std::invalid_argument(std::string("WHERRY_PAIR is none of the pairs: ") + wanted);
  }
  return *found;
}

}  // namespace wherry::tests
