#pragma once
// Opens views so that both sides can be brought to the same position (see follow_gate.h).

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "contract/row_reader.h"
#include "engine/follow_gate.h"

namespace wherry::engine {

// A source view that contains everything taken before the hold began. A commit can be in the log,
// and applied by us, before it is visible to reads: then the view is opened again.
std::unique_ptr<contract::RowView> open_source_view(contract::RowReader& reader,
                                                    const FollowGate::Hold& hold,
                                                    const std::stop_token& stop);

// A view with what holds following at its low. Requires: the reader has no other view.
class HeldView {
 public:
  HeldView(contract::RowReader& reader, FollowGate& gate, const std::stop_token& stop);

  contract::RowView& view() { return *view_; }  // Requires: it is not closed
  const model::Bracket& bracket() const { return bracket_; }
  void close_view() { view_.reset(); }  // following is held all the same
  // Until then it may serve further reads (RowReader::views_are_worth_keeping).
  std::chrono::steady_clock::time_point worth_keeping_until() const { return until_; }

 private:
  FollowGate::Hold hold_;
  std::unique_ptr<contract::RowView> view_;
  model::Bracket bracket_;
  std::chrono::steady_clock::time_point until_;
};

// As open_source_view, exact about these tables (contract::RowReader::open_exact_view).
std::unique_ptr<contract::RowView> open_exact_source_view(
    contract::RowReader& reader, const FollowGate::Hold& hold,
    const std::vector<model::CollectionName>& tables, const std::stop_token& stop);

// Both sides at one place: the source as of `bracket`, the target as of `applied` ≥ bracket.high.
// Following goes on behind them.
struct BothViews {
  std::unique_ptr<contract::RowView> source;
  std::unique_ptr<contract::RowView> target;
  model::Bracket bracket;
  model::Position applied;
  model::Position target_low;  // of the target's view, in its own log, where that is watched
};
BothViews open_both_views(contract::RowReader& source, contract::RowReader& target,
                          FollowGate& gate, const std::stop_token& stop);

}  // namespace wherry::engine
