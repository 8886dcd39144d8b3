#pragma once
// The states of a migration and the steps between them: the one table that `wherry states` prints.
// `paused` is a flag, not a state.

#include <array>
#include <string_view>

namespace wherry::engine {

enum class State {
  planned,    // declared; nothing was written to the target but Wherry's own bookkeeping and empty
              // tables
  copying,    // chunks are on their way, changes are followed
  following,  // every chunk is on the target; changes are followed, proofs are kept
};

std::string_view to_string(State state);
State state_named(std::string_view text);  // throws Error(internal)

struct Transition {
  State from;
  State to;
  std::string_view when;
  std::string_view undo;  // what reverts it
};

inline constexpr std::array<Transition, 3> transitions{{
    {State::planned, State::copying,
     "the target's tables are made and the start of the stream is set",
     "drop the target's tables and the rows about the migration in schema _wherry"},
    {State::copying, State::following, "every chunk of every table is on the target",
     "nothing to undo"},
    {State::following, State::copying, "a table has to be copied again", "nothing to undo"},
}};

}  // namespace wherry::engine
