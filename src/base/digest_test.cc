#include "base/digest.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace wherry::base {
namespace {

using Fields = std::vector<std::optional<std::string>>;

Digest row(const DigestKey& key, const Fields& fields) {
  RowHasher hasher(key);
  for (const auto& f : fields) {
    if (f) {
      hasher.field(*f);
    } else {
      hasher.null();
    }
  }
  return hasher.finish();
}

TEST(Digest, shifted_fields_and_null_are_told_apart) {
  const auto key = DigestKey::random();
  EXPECT_NE(row(key, {"x0", "y"}), row(key, {"x", "0y"}));
  EXPECT_NE(row(key, {std::nullopt}), row(key, {""}));
  EXPECT_NE(row(key, {std::nullopt}), row(key, {"NULL"}));
  EXPECT_EQ(row(key, {"x", std::nullopt}), row(key, {"x", std::nullopt}));
}

TEST(Digest, a_sum_does_not_cancel_equal_changes_as_xor_does) {
  const auto key = DigestKey::random();
  Digest before;
  Digest after;
  for (const char* id : {"1", "2", "3", "4"}) {
    before += row(key, {id, "old"});
    after += row(key, {id, "new"});
  }
  EXPECT_NE(before, after);
}

TEST(Digest, a_sum_does_not_depend_on_order_but_on_which_row_holds_a_value) {
  const auto key = DigestKey::random();
  Digest forward = row(key, {"1", "a"});
  forward += row(key, {"2", "b"});
  Digest backward = row(key, {"2", "b"});
  backward += row(key, {"1", "a"});
  Digest swapped = row(key, {"1", "b"});
  swapped += row(key, {"2", "a"});
  EXPECT_EQ(forward, backward);
  EXPECT_NE(forward, swapped);
}

TEST(Digest, sums_carry_from_the_low_half_to_the_high_half) {
  Digest d{~0ULL, 1};
  d += Digest{1, 1};
  EXPECT_EQ(d, (Digest{0, 3}));
}

TEST(Digest, another_key_gives_another_digest_and_a_stored_key_the_same) {
  const auto key = DigestKey::random();
  EXPECT_NE(row(key, {"x"}), row(DigestKey::random(), {"x"}));
  EXPECT_EQ(row(key, {"x"}), row(DigestKey::from_text(key.text()), {"x"}));
  EXPECT_EQ(Digest::parse(row(key, {"x"}).text()), row(key, {"x"}));
  EXPECT_EQ(Digest::parse("12"), std::nullopt);
}

}  // namespace
}  // namespace wherry::base
