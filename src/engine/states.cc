#include "engine/states.h"

#include <string>

#include "base/error.h"

namespace wherry::engine {

std::string_view to_string(State state) {
  switch (state) {
    case State::planned:
      return "planned";
    case State::copying:
      return "copying";
    case State::following:
      return "following";
    case State::copied:
      return "copied";
  }
  return "planned";
}

State state_named(std::string_view text) {
  for (const State state : {State::planned, State::copying, State::following, State::copied}) {
    if (to_string(state) == text) return state;
  }
  throw base::Error(base::ErrorKind::internal, "state.unknown",
                    "the journal names an unknown state: " + std::string(text));
}

}  // namespace wherry::engine
