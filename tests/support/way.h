// Tests of one kind of server, and of the way from one kind to another. Those of a server that
// cannot be had here are skipped; a SetUp() that does more asks IsSkipped() first.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "tests/support/server.h"

namespace wherry::tests {

class OfKind : public testing::TestWithParam<ServerKind> {
 protected:
  void SetUp() override {
    if (!Server::available(GetParam()))
      GTEST_SKIP() << to_string(GetParam()) << " cannot be had here";
  }
};

// For INSTANTIATE_TEST_SUITE_P: "mysql57".
inline std::string name_of_kind(const testing::TestParamInfo<ServerKind>& kind) {
  return std::string(to_string(kind.param));
}

struct Way {
  ServerKind from;
  ServerKind to;
};

class OfWay : public testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    for (const auto kind : {GetParam().from, GetParam().to}) {
      if (!Server::available(kind)) GTEST_SKIP() << to_string(kind) << " cannot be had here";
    }
  }
};

// For INSTANTIATE_TEST_SUITE_P: "mariadb_to_mysql57".
inline std::string name_of_way(const testing::TestParamInfo<Way>& way) {
  return std::string(to_string(way.param.from)) + "_to_" + std::string(to_string(way.param.to));
}

}  // namespace wherry::tests
