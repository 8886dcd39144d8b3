#include "engine/undo_script.h"

#include <gtest/gtest.h>

namespace wherry::engine {
namespace {

TEST(UndoScript, lowers_the_last_guard_first_and_ends_each_statement) {
  const std::string script =
      undo_script(Side::source, "MariaDB 10.11 at 127.0.0.1:3306",
                  {{"accounts", {"state", {"SET x", "GRANT y"}}}, {"read_only", {"", {"SET z"}}}});
  const auto body = script.find("\n\n");
  ASSERT_NE(body, std::string::npos);
  EXPECT_EQ(script.substr(body),
            "\n\n-- guard read_only\nSET z;\n\n-- guard accounts\nSET x;\nGRANT y;\n");
  EXPECT_NE(script.find("source of the migration"), std::string::npos);
  EXPECT_NE(script.find("127.0.0.1:3306"), std::string::npos);
}

TEST(UndoScript, what_is_told_in_comments_stays_in_them) {
  const std::string script = undo_script(Side::target, "a\nDROP DATABASE b", {{"g\nh", {}}});
  EXPECT_EQ(script.find("\nDROP"), std::string::npos);
  EXPECT_EQ(script.find("\nh"), std::string::npos);
}

}  // namespace
}  // namespace wherry::engine
