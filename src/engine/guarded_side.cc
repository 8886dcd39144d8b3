#include "engine/guarded_side.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "base/error.h"
#include "engine/history.h"

namespace wherry::engine {

namespace {

std::string fact_of(Side side) { return "guards " + std::string(to_string(side)); }

void keep(journal::Journal& journal, Side side, const std::vector<NamedUndo>& undos) {
  auto list = nlohmann::json::array();
  for (const auto& [guard, undo] : undos) {
    list.push_back({{"guard", guard}, {"state", undo.state}, {"statements", undo.statements}});
  }
  journal.set_fact(fact_of(side), undos.empty() ? "" : list.dump());
}

}  // namespace

std::vector<NamedUndo> guards_raised(journal::Journal& journal, Side side) {
  std::vector<NamedUndo> undos;
  const std::string text = journal.fact(fact_of(side)).value_or("");
  if (text.empty()) return undos;
  for (const auto& entry : nlohmann::json::parse(text)) {
    undos.push_back({entry.at("guard").get<std::string>(),
                     {entry.at("state").get<std::string>(),
                      entry.at("statements").get<std::vector<std::string>>()}});
  }
  return undos;
}

GuardedSide::GuardedSide(Side side, std::vector<contract::Guard*> guards, journal::Journal& journal)
    : side_(side), guards_(std::move(guards)), journal_(journal) {}

contract::Guard* GuardedSide::named(const std::string& name) const {
  const auto found = std::find_if(guards_.begin(), guards_.end(),
                                  [&](const auto* guard) { return guard->name() == name; });
  return found == guards_.end() ? nullptr : *found;
}

bool GuardedSide::has_guard_of_objects() const {
  return std::any_of(guards_.begin(), guards_.end(),
                     [](const auto* guard) { return guard->is_of_moving_objects(); });
}

void GuardedSide::forget_objects() {
  auto undos = guards_raised(journal_, side_);
  std::erase_if(undos, [&](const NamedUndo& undo) {
    const auto* guard = named(undo.guard);
    return guard != nullptr && guard->is_of_moving_objects();
  });
  keep(journal_, side_, undos);
}

std::vector<model::Finding> GuardedSide::assess() {
  std::vector<model::Finding> findings;
  for (auto* guard : guards_) {
    for (auto& finding : guard->assess()) findings.push_back(std::move(finding));
  }
  return findings;
}

void GuardedSide::prepare() {
  auto undos = guards_raised(journal_, side_);
  for (auto* guard : guards_) {
    const bool known = std::any_of(undos.begin(), undos.end(), [&](const NamedUndo& undo) {
      return undo.guard == guard->name();
    });
    if (!known) undos.push_back({guard->name(), guard->look()});
  }
  keep(journal_, side_, undos);
}

void GuardedSide::raise(const std::stop_token& stop) {
  for (const auto& [name, undo] : guards_raised(journal_, side_)) {
    if (auto* guard = named(name)) guard->raise(undo, stop);
  }
}

std::vector<contract::Writer> GuardedSide::drain(std::chrono::milliseconds patience,
                                                 const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + patience;
  std::vector<contract::Writer> left;
  for (auto* guard : guards_) {
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    for (auto& writer : guard->drain(std::max(rest, std::chrono::milliseconds(0)), stop)) {
      left.push_back(std::move(writer));
    }
  }
  return left;
}

void GuardedSide::lower(const std::stop_token& stop) {
  auto undos = guards_raised(journal_, side_);
  if (undos.empty()) return;
  std::exception_ptr failure;
  for (auto undo = undos.rbegin(); undo != undos.rend(); ++undo) {
    try {
      auto* guard = named(undo->guard);
      if (guard == nullptr) {
        throw base::Error(base::ErrorKind::rejected, "guard.unknown",
                          "the guard '" + undo->guard + "' of the " +
                              std::string(to_string(side_)) +
                              " is up, and the configuration has it no more",
                          "put it back, or run the undo script in the journal's folder");
      }
      guard->lower(undo->undo, stop);
    } catch (const base::Error& error) {
      spdlog::error("guard {} of the {}: {}", undo->guard, to_string(side_), error.what());
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  keep(journal_, side_, {});
  note(journal_, "unsealed", "the " + std::string(to_string(side_)) + "'s guards are down");
}

}  // namespace wherry::engine
