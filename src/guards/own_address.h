#pragma once
// From which address this machine reaches another. Thread-safe; sends nothing but questions to the
// resolver of names.

#include <optional>
#include <string>

namespace wherry::guards {

struct Route {
  std::string from;  // ours
  std::string to;    // the same if that is this machine
};

// Nothing if the name or the way there is not known.
std::optional<Route> route_to(const std::string& host);

}  // namespace wherry::guards
