#include "ledger/touched_keys.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::ledger {
namespace {

using model::Key;

TouchedKeys sample() {
  return {{7, {Key({"1"}), Key({std::string("\0\xff", 2), "表"}), Key({""})}}, {4000000000U, {}}};
}

base::ErrorKind kind_of(const std::string& bytes) {
  try {
    (void)decode(bytes);
  } catch (const base::Error& e) {
    return e.kind();
  }
  return base::ErrorKind::internal;
}

TEST(TouchedKeys, are_read_back) {
  EXPECT_EQ(decode(encode(sample())), sample());
  EXPECT_EQ(decode(encode({})), TouchedKeys{});
}

TEST(TouchedKeys, a_record_cut_anywhere_is_refused) {
  const std::string whole = encode(sample());
  for (std::size_t n = 0; n < whole.size(); ++n) {
    EXPECT_EQ(kind_of(whole.substr(0, n)), base::ErrorKind::data_mismatch) << n;
  }
  EXPECT_EQ(kind_of(whole + "x"), base::ErrorKind::data_mismatch);
}

TEST(TouchedKeys, no_flipped_bit_passes_unnoticed) {
  const std::string whole = encode(sample());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string broken = whole;
    broken[bit / 8] = static_cast<char>(broken[bit / 8] ^ (1 << (bit % 8)));
    try {
      // A bit of a frame header that says nothing about the content may flip.
      EXPECT_EQ(decode(broken), sample()) << bit;
    } catch (const base::Error&) {
    }
  }
}

TEST(TouchedKeys, a_newer_version_is_refused) {
  std::string newer = encode(sample());
  ++newer[2];
  EXPECT_EQ(kind_of(newer), base::ErrorKind::rejected);
}

TEST(TouchedKeys, of_a_hot_range_compress_well) {
  TouchedKeys keys;
  for (int i = 0; i < 100'000; ++i) keys[1].push_back(Key({std::to_string(1'000'000 + i)}));
  EXPECT_LT(encode(keys).size(), 400'000U);
  EXPECT_EQ(decode(encode(keys)), keys);
}

}  // namespace
}  // namespace wherry::ledger
