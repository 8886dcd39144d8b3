#include "model/key.h"

#include <gtest/gtest.h>

namespace wherry::model {
namespace {

TEST(Key, tuples_that_would_join_to_the_same_text_differ) {
  EXPECT_NE(Key({"a", "bc"}), Key({"ab", "c"}));
  EXPECT_NE(Key({"", "a"}), Key({"a", ""}));
  EXPECT_EQ(Key({"a", "b"}), Key({"a", "b"}));
}

TEST(Key, its_bytes_are_read_back_and_broken_bytes_refused) {
  const Key key({std::string("\0x", 2), "表"});
  EXPECT_EQ(Key::from_bytes(key.bytes()), key);
  EXPECT_EQ(key.parts().at(0), std::string_view("\0x", 2));
  EXPECT_FALSE(Key::from_bytes("abc"));
  EXPECT_FALSE(Key::from_bytes(std::string_view("\x05\0\0\0ab", 6)));
}

TEST(Key, is_told_printable) {
  EXPECT_EQ(Key({"12"}).text(), "12");
  EXPECT_EQ(Key({"12", "\x01"}).text(), "(12, \\x01)");
}

}  // namespace
}  // namespace wherry::model
