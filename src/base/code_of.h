#pragma once
// For tests: which error a call ends with. Pure.

#include <string>

#include "base/error.h"

namespace wherry::base {

// Its code; "no error" if there is none. What is no Error passes.
template <typename Call>
std::string code_of(const Call& call) {
  try {
    static_cast<void>(call());
  } catch (const Error& e) {
    return e.code();
  }
  return "no error";
}

}  // namespace wherry::base
