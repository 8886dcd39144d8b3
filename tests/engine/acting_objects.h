#pragma once
// Triggers and events of servers in memory, which die with a process at any of their steps. A list
// of names: what they would do is not played.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/schema_objects.h"
#include "tests/engine/switch_bed.h"

namespace wherry::engine {

inline contract::HeldBack acting(const std::string& kind, const std::string& name) {
  contract::HeldBack one;
  one.kind = kind;
  one.name = {"bank", name};
  one.sql = "CREATE " + name;
  return one;
}

// Those of `own`, made from those of `other`.
class ActingObjects final : public contract::SchemaObjects {
 public:
  ActingObjects(GatedServer& own, GatedServer& other, std::shared_ptr<Death> death)
      : own_(own), other_(other), death_(std::move(death)) {}

  using Filter = contract::TableFilter;
  using Route = contract::TableRoute;
  using Fence = contract::Fence;
  using Stop = std::stop_token;
  using List = std::vector<contract::HeldBack>;
  using Findings = std::vector<model::Finding>;

  Findings assess_objects(contract::RowSource& /*source*/, const Filter& /*filter*/,
                          const Route& /*route*/) override {
    return {};
  }
  Findings create_objects(const Fence& /*fence*/, contract::RowSource& /*source*/,
                          const Filter& /*filter*/, const Route& /*route*/) override {
    return {};
  }
  contract::ObjectPlan plan_object(const model::DdlEvent& /*event*/, const Filter& /*filter*/,
                                   const Route& /*route*/) override {
    return {};
  }
  contract::ObjectOutcome apply_object(const Fence& /*fence*/, const model::DdlEvent& /*event*/,
                                       const Filter& /*filter*/, const Route& /*route*/,
                                       const contract::WindowMark& /*mark*/,
                                       const Stop& /*stop*/) override {
    return {};
  }

  List held_back(contract::RowSource& /*source*/, const Filter& /*filter*/) override {
    return other_.acting();
  }
  Findings assess_held_back(const List& /*list*/, const Route& /*route*/) override { return {}; }
  Findings make_held_back(const Fence& /*fence*/, const List& list, const Route& /*route*/,
                          const Stop& /*stop*/) override {
    for (const auto& one : list) {
      step([&] { own_.set_acting(one, true); });
    }
    return {};
  }
  void remove_held_back(const Fence& /*fence*/, const Stop& /*stop*/) override {
    for (const auto& one : own_.acting()) {
      step([&] { own_.set_acting(one, false); });
    }
  }
  Findings drop_listed(const Fence& /*fence*/, const List& list, const Stop& /*stop*/) override {
    for (const auto& one : list) {
      step([&] { own_.set_acting(one, false); });
    }
    return {};
  }
  std::vector<std::string> statements_of(const List& /*list*/) const override { return {}; }

 private:
  template <typename Act>
  void step(const Act& act) {
    death_->before();
    act();
    death_->after();
  }

  GatedServer& own_;
  GatedServer& other_;
  std::shared_ptr<Death> death_;
};

}  // namespace wherry::engine
