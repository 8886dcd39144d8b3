#pragma once
// Calls something at the end of a scope.

#include <utility>

namespace wherry::engine {

// Requires: the call does not throw.
template <typename Call>
class OnEnd {
 public:
  explicit OnEnd(Call call) : call_(std::move(call)) {}
  ~OnEnd() { call_(); }
  OnEnd(const OnEnd&) = delete;
  OnEnd& operator=(const OnEnd&) = delete;

 private:
  Call call_;
};

}  // namespace wherry::engine
