#include "engine/bracket.h"

#include "engine/retry.h"

namespace wherry::engine {

namespace {

template <typename Open>
std::unique_ptr<contract::RowView> open_until_behind(Open open, const FollowGate::Hold& hold,
                                                     const std::stop_token& stop) {
  while (true) {
    auto view = open();
    if (hold.is_behind(view->bracket().low)) return view;
    view.reset();
    sleep_for(std::chrono::milliseconds(1), stop);
  }
}

}  // namespace

std::unique_ptr<contract::RowView> open_source_view(contract::RowReader& reader,
                                                    const FollowGate::Hold& hold,
                                                    const std::stop_token& stop) {
  return open_until_behind([&] { return reader.open_view_from(hold.taken()); }, hold, stop);
}

std::unique_ptr<contract::RowView> open_exact_source_view(
    contract::RowReader& reader, const FollowGate::Hold& hold,
    const std::vector<model::CollectionName>& tables, const std::stop_token& stop) {
  return open_until_behind([&] { return reader.open_exact_view(tables); }, hold, stop);
}

HeldView::HeldView(contract::RowReader& reader, FollowGate& gate, const std::stop_token& stop)
    : hold_((reader.wait_for_turn(gate.taken()), gate.hold())),
      view_(open_source_view(reader, hold_, stop)),
      bracket_(view_->bracket()),
      until_(std::chrono::steady_clock::now() + reader.views_are_worth_keeping()) {
  hold_.let_go_on_to(bracket_.low);
}

BothViews open_both_views(contract::RowReader& source, contract::RowReader& target,
                          FollowGate& gate, const std::stop_token& stop) {
  BothViews views;
  source.wait_for_turn(gate.taken());
  auto hold = gate.hold();
  views.source = open_source_view(source, hold, stop);
  views.bracket = views.source->bracket();
  hold.let_go_on_to(views.bracket.high);
  gate.wait_applied(views.bracket.high, stop);
  views.target = target.open_view();
  views.target_low = views.target->bracket().low;
  views.applied = gate.applied();
  return views;
}

}  // namespace wherry::engine
