#include "engine/states.h"

#include <array>
#include <string>

#include "base/error.h"

namespace wherry::engine {

namespace {

constexpr std::array all_states{State::planned,     State::copying,  State::following,
                                State::rehearsing,  State::tidying,  State::sealing,
                                State::sealed,      State::switched, State::sealing_back,
                                State::sealed_back, State::finished, State::copied};

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::planned:
      return "planned";
    case State::copying:
      return "copying";
    case State::following:
      return "following";
    case State::rehearsing:
      return "rehearsing";
    case State::tidying:
      return "tidying";
    case State::sealing:
      return "sealing";
    case State::sealed:
      return "sealed";
    case State::switched:
      return "switched";
    case State::sealing_back:
      return "sealing_back";
    case State::sealed_back:
      return "sealed_back";
    case State::finished:
      return "finished";
    case State::copied:
      return "copied";
  }
  return "planned";
}

State state_named(std::string_view text) {
  for (const State state : all_states) {
    if (to_string(state) == text) return state;
  }
  throw base::Error(base::ErrorKind::internal, "state.unknown",
                    "the journal names an unknown state: " + std::string(text));
}

std::string_view to_string(Side side) { return side == Side::source ? "source" : "target"; }

Side active_side(State state) {
  switch (state) {
    case State::planned:
    case State::copying:
    case State::following:
    case State::rehearsing:
    case State::tidying:
    case State::sealing:
    case State::sealed:
    case State::copied:
      return Side::source;
    case State::switched:
    case State::sealing_back:
    case State::sealed_back:
    case State::finished:
      return Side::target;
  }
  return Side::source;
}

bool is_complete(State state) {
  switch (state) {
    case State::planned:
    case State::copying:
    case State::rehearsing:
    case State::tidying:
    case State::copied:
      return false;
    case State::following:
    case State::sealing:
    case State::sealed:
    case State::switched:
    case State::sealing_back:
    case State::sealed_back:
    case State::finished:
      return true;
  }
  return false;
}

bool is_rehearsal(State state) { return state == State::rehearsing || state == State::tidying; }

bool is_switching(State state) {
  switch (state) {
    case State::sealing:
    case State::sealed:
    case State::sealing_back:
    case State::sealed_back:
      return true;
    case State::planned:
    case State::copying:
    case State::following:
    case State::rehearsing:
    case State::tidying:
    case State::switched:
    case State::finished:
    case State::copied:
      return false;
  }
  return false;
}

}  // namespace wherry::engine
