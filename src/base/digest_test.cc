#include "base/digest.h"

#include <algorithm>
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

TEST(StreamHasher, pieces_and_zeros_digest_like_the_whole) {
  const auto key = DigestKey::random();
  const std::string bytes = std::string(100'000, 'x') + std::string(200'000, '\0') + "end";
  StreamHasher hasher(key);
  for (std::size_t at = 0; at < 100'000; at += 777) {
    hasher.add(std::string_view(bytes).substr(at, std::min<std::size_t>(777, 100'000 - at)));
  }
  hasher.add_zeros(200'000);
  EXPECT_NE(hasher.finish(), digest_of(key, bytes));
  hasher.add("end");
  EXPECT_EQ(hasher.finish(), digest_of(key, bytes));
  EXPECT_EQ(StreamHasher(key).finish(), digest_of(key, ""));
}

}  // namespace
}  // namespace wherry::base
