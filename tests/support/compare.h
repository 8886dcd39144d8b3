// The independent comparison of two servers' tables (compare.py) for C++ tests.
//
// Thread-safety: any thread. Errors: a comparison that could not be made is an answer of its own.
#pragma once

#include <string>
#include <vector>

#include "tests/support/server.h"

namespace wherry::tests {

enum class Answer { equal, different, could_not_compare };

struct Comparison {
  Answer answer;
  std::string output;  // the first differences and the counts
  bool equal() const { return answer == Answer::equal; }
};

// `what` are words of compare.py: "--table", "db.t=db2.t2", "--database", "db", "--definitions".
// Both servers must be quiet meanwhile.
Comparison compare_servers(const Server& left, const Server& right,
                           const std::vector<std::string>& what);

}  // namespace wherry::tests
