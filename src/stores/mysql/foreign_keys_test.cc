#include "stores/mysql/foreign_keys.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

constexpr const char* create =
    "CREATE TABLE `c` (\n"
    "  `REFERENCES` int(11) DEFAULT NULL COMMENT 'it''s \\' REFERENCES `x` (`y`) ON DELETE "
    "CASCADE',\n"
    "  `p` int(11) DEFAULT NULL,\n"
    "  PRIMARY KEY (`p`),\n"
    "  CONSTRAINT `c1` FOREIGN KEY (`p`) REFERENCES `pa``rent` (`id`) ON DELETE SET NULL ON UPDATE "
    "CASCADE,\n"
    "  CONSTRAINT `c2` FOREIGN KEY (`p`,`q`) REFERENCES `other`.`t` (`a`, `b`) ON DELETE NO "
    "ACTION,\n"
    "  CONSTRAINT `c3` FOREIGN KEY (`p`) REFERENCES `plain` (`id`)\n"
    ") ENGINE=InnoDB";

TEST(ForeignKeys, are_read_with_their_parents_and_actions) {
  const auto keys = foreign_keys_in(create, {"shop", "c"});
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_EQ(keys[0].parent, (model::CollectionName{"shop", "pa`rent"}));
  EXPECT_EQ(keys[0].columns, std::vector<std::string>{"p"});
  EXPECT_EQ(keys[0].parent_columns, std::vector<std::string>{"id"});
  EXPECT_EQ(keys[0].on_delete, "SET NULL");
  EXPECT_EQ(keys[0].on_update, "CASCADE");
  EXPECT_EQ(keys[1].parent, (model::CollectionName{"other", "t"}));
  EXPECT_EQ(keys[1].columns, (std::vector<std::string>{"p", "q"}));
  EXPECT_EQ(keys[1].parent_columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(keys[1].on_delete, "NO ACTION");
  EXPECT_EQ(keys[2].on_delete, "");
}

TEST(ForeignKeys, cascade_when_a_change_of_the_parent_changes_the_child) {
  const auto keys = foreign_keys_in(create, {"shop", "c"});
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_TRUE(keys[0].cascades());
  EXPECT_FALSE(keys[1].cascades());
  EXPECT_FALSE(keys[2].cascades());
}

TEST(ForeignKeys, in_comments_and_names_are_none) {
  EXPECT_TRUE(foreign_keys_in("CREATE TABLE `REFERENCES` (`a` int COMMENT 'REFERENCES `x` (`y`)')",
                              {"s", "t"})
                  .empty());
}

}  // namespace
}  // namespace wherry::stores::mysql
