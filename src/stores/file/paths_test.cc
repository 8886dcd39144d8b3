#include "stores/file/paths.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/text.h"

namespace wherry::stores::file {
namespace {

TEST(Paths, sort_as_a_walk_by_names_meets_them) {
  const std::vector<std::string> walked{"", "a", "a/b", "a/b/c", "a/b-", "a-", "a.b", "a0", "\xff"};
  auto sorted = walked;
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return sort_bytes(a) < sort_bytes(b); });
  EXPECT_EQ(sorted, walked);
}

TEST(Paths, any_byte_of_a_name_survives_as_key_and_as_text) {
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/') continue;
    const std::string path = std::string("d/x") + static_cast<char>(byte) + "y";
    EXPECT_EQ(path_of(key_of(path)), path);
    EXPECT_EQ(base::unprintable(key_of(path).text()), path);
  }
}

TEST(Paths, keys_that_would_leave_the_tree_are_refused) {
  for (const char* path : {"..", "a/../b", "/a", "a/", "a//b", ".", "a/."}) {
    EXPECT_THROW(static_cast<void>(path_of(key_of(path))), base::Error) << path;
  }
  EXPECT_EQ(path_of(key_of("..a/b..")), "..a/b..");
}

TEST(Paths, only_names_of_unfinished_files_are_taken_for_such) {
  const std::string name = unfinished_name();
  EXPECT_TRUE(is_unfinished_name(name));
  EXPECT_NE(name, unfinished_name());
  EXPECT_FALSE(is_unfinished_name(name + "x"));
  EXPECT_FALSE(is_unfinished_name(".wherry-notes.unfinished"));
  std::string other = name;
  other[10] = 'g';
  EXPECT_FALSE(is_unfinished_name(other));
}

TEST(Paths, a_place_is_folder_and_name) {
  EXPECT_FALSE(place_of(""));
  EXPECT_EQ(place_of("a")->folder, "");
  EXPECT_EQ(place_of("a/b/c")->folder, "a/b");
  EXPECT_EQ(place_of("a/b/c")->name, "c");
  EXPECT_EQ(join("", "c"), "c");
  EXPECT_EQ(join("a/b", "c"), "a/b/c");
}

}  // namespace
}  // namespace wherry::stores::file
