#include "guards/by_hand.h"

#include <sstream>

namespace wherry::guards {

std::string by_hand(std::string_view how, std::string_view commands) {
  std::string out = "-- Nothing for this client. By hand, " + std::string(how) + ":";
  std::istringstream in{std::string(commands)};
  for (std::string line; std::getline(in, line);) out += "\n--   " + line;
  return out;
}

}  // namespace wherry::guards
