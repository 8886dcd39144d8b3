#include "engine/compare_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wherry::engine {
namespace {

using model::Key;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

contract::RowDigest row(const char* key, std::uint64_t digest) { return {Key({key}), {digest, 0}}; }

TEST(CompareRows, finds_missing_extra_and_changed_rows_and_nothing_else) {
  EXPECT_THAT(different_keys({row("same", 1), row("changed", 2), row("missing", 3)},
                             {row("extra", 4), row("changed", 9), row("same", 1)}),
              UnorderedElementsAre(Key({"changed"}), Key({"missing"}), Key({"extra"})));
  EXPECT_THAT(different_keys({row("a", 1), row("b", 2)}, {row("b", 2), row("a", 1)}), IsEmpty());
}

TEST(CompareRows, two_rows_that_swapped_their_digests_both_differ) {
  EXPECT_THAT(different_keys({row("a", 1), row("b", 2)}, {row("a", 2), row("b", 1)}),
              UnorderedElementsAre(Key({"a"}), Key({"b"})));
}

}  // namespace
}  // namespace wherry::engine
