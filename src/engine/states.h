#pragma once
// The states of a migration and the steps between them: the one table that `wherry states` prints.
// `paused` is a flag, not a state.

#include <array>
#include <string_view>

namespace wherry::engine {

enum class State {
  planned,     // declared; nothing was written to the target but Wherry's own bookkeeping and empty
               // tables
  copying,     // chunks are on their way, changes are followed
  following,   // every chunk is on the target; changes are followed, proofs are kept
  rehearsing,  // others write to the target as they like; nothing is followed meanwhile
  tidying,     // what they changed is made the source's again
  sealing,     // the source's guards go up; undone if anything is in the way
  sealed,      // nobody writes anywhere; what is left is applied and proved
  switched,    // the target is what applications write to; the old side is kept equal
  sealing_back,  // the same two on the way back: the target's guards go up …
  sealed_back,   // … and nobody writes anywhere
  finished,      // nothing is followed any more, and nothing of Wherry is left on either side
  copied,        // of stores without a change log: every item is on the target, proved or told in a
                 // finding; nothing is followed, and a new run looks at everything again
};

std::string_view to_string(State state);
State state_named(std::string_view text);  // throws Error(internal)

// Which side applications write to, or did before it was sealed.
enum class Side { source, target };
std::string_view to_string(Side side);
Side active_side(State state);
// Every chunk was on the passive side when this state began, and nothing takes them away.
bool is_complete(State state);
// Others wrote to the target as they liked, and it is not undone yet.
bool is_rehearsal(State state);
// Between two states in which somebody may write.
bool is_switching(State state);

struct Transition {
  State from;
  State to;
  std::string_view when;
  std::string_view undo;  // what reverts it
};

inline constexpr std::array<Transition, 21> transitions{{
    {State::planned, State::copying,
     "the target's tables are made and the start of the stream is set",
     "drop the target's tables and the rows about the migration in schema _wherry"},
    {State::copying, State::planned,
     "the target has lost the start of the stream in a crash, and all that came after it",
     "nothing to undo"},
    {State::copying, State::following, "every chunk of every table is on the target",
     "nothing to undo"},
    {State::following, State::copying, "a table has to be copied again", "nothing to undo"},
    {State::following, State::rehearsing, "a rehearsal has begun",
     "wherry rehearse end: what was changed on the target is undone"},
    {State::rehearsing, State::tidying, "the rehearsal has ended", "nothing to undo"},
    {State::tidying, State::rehearsing, "something was in the way of undoing it",
     "wherry rehearse end: the same again"},
    {State::tidying, State::following,
     "everything that was changed on the target is the source's again", "nothing to undo"},
    {State::following, State::sealing, "a cut-over has begun", "lower the source's guards"},
    {State::sealing, State::sealed, "nobody can write to the source any more",
     "lower the source's guards"},
    {State::sealing, State::following, "the cut-over was undone", "nothing to undo"},
    {State::sealed, State::following, "the cut-over was undone", "nothing to undo"},
    {State::sealed, State::switched,
     "every row is proved equal, and the old side is ready to be kept so",
     "wherry rollback: the same in the other direction"},
    {State::switched, State::sealing_back, "the way back has begun", "lower the target's guards"},
    {State::sealing_back, State::sealed_back, "nobody can write to the target any more",
     "lower the target's guards"},
    {State::sealing_back, State::switched, "the way back was undone", "nothing to undo"},
    {State::sealed_back, State::switched, "the way back was undone", "nothing to undo"},
    {State::sealed_back, State::following,
     "every row is proved equal, and the target is ready to be kept so",
     "wherry cutover: the same in the other direction"},
    {State::switched, State::finished, "on request: the way back is given up", "nothing undoes it"},
    {State::copying, State::copied,
     "a run of a tree has ended: each of its files is on the target, and proved or told in a "
     "finding",
     "nothing to undo"},
    {State::copied, State::copying, "another run of a tree begins; its proofs are taken again",
     "nothing to undo"},
}};

}  // namespace wherry::engine
