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
  copied,     // of stores without a change log: every item is on the target, proved or told in a
              // finding; nothing is followed, and a new run looks at everything again
};

std::string_view to_string(State state);
State state_named(std::string_view text);  // throws Error(internal)

struct Transition {
  State from;
  State to;
  std::string_view when;
  std::string_view undo;  // what reverts it
};

inline constexpr std::array<Transition, 6> transitions{{
    {State::planned, State::copying,
     "the target's tables are made and the start of the stream is set",
     "drop the target's tables and the rows about the migration in schema _wherry"},
    {State::copying, State::planned,
     "the target has lost the start of the stream in a crash, and all that came after it",
     "nothing to undo"},
    {State::copying, State::following, "every chunk of every table is on the target",
     "nothing to undo"},
    {State::following, State::copying, "a table has to be copied again", "nothing to undo"},
    {State::copying, State::copied,
     "a run of a tree has ended: each of its files is on the target, and proved or told in a "
     "finding",
     "nothing to undo"},
    {State::copied, State::copying, "another run of a tree begins; its proofs are taken again",
     "nothing to undo"},
}};

}  // namespace wherry::engine
