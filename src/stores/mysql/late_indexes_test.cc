#include "stores/mysql/late_indexes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

IndexesOfTable indexes(std::string_view parts) {
  return indexes_in("CREATE TABLE `t` (\n" + std::string(parts) + "\n) ENGINE=InnoDB", {"s", "t"});
}

std::vector<std::string> plain(std::string_view parts) {
  std::vector<std::string> out;
  for (const auto& one : indexes(parts).plain) {
    out.push_back(one.index.name + ": " + one.index.definition + " on " + one.first_column);
  }
  return out;
}

TEST(LateIndexes, plain_ones_are_found_as_they_are_written) {
  EXPECT_THAT(
      plain("  `id` int(11) NOT NULL,\n  `KEY` enum('a,b',')') DEFAULT NULL,\n"
            "  `c` decimal(5,2) DEFAULT (1 + 2),\n  PRIMARY KEY (`id`),\n  UNIQUE KEY `u` (`c`),\n"
            "  KEY `a``b` (`c`,`KEY`(3) DESC) USING BTREE COMMENT 'x, y) ''',\n"
            "  KEY `z` (`id`) /*!80000 INVISIBLE */,\n  FULLTEXT KEY `f` (`KEY`),\n"
            "  SPATIAL KEY `g` (`c`),\n  CONSTRAINT `k` CHECK (`c` > 0)"),
      ElementsAre("a`b: KEY `a``b` (`c`,`KEY`(3) DESC) USING BTREE COMMENT 'x, y) ''' on c",
                  "z: KEY `z` (`id`) /*!80000 INVISIBLE */ on id"));
}

TEST(LateIndexes, one_on_an_expression_is_left_where_it_is) {
  EXPECT_THAT(plain("  `a` int,\n  KEY `e` ((`a` + 1))"), IsEmpty());
}

TEST(LateIndexes, what_others_need_is_told) {
  const auto of_it = indexes(
      "  `id` bigint(20) NOT NULL AUTO_INCREMENT,\n  `p` int,\n  `q` int COMMENT "
      "'AUTO_INCREMENT',\n  CONSTRAINT `f` FOREIGN KEY (`p`, `q`) REFERENCES `o` (`x`, `y`),\n"
      "  CONSTRAINT `g` FOREIGN KEY (`q`) REFERENCES `r`.`o` (`z`) ON DELETE CASCADE");
  EXPECT_THAT(of_it.needed, ElementsAre("id", "p", "q"));
  ASSERT_EQ(of_it.references.size(), 2U);
  EXPECT_EQ(of_it.references[0].table, (model::CollectionName{"s", "o"}));
  EXPECT_EQ(of_it.references[0].column, "x");
  EXPECT_EQ(of_it.references[1].table, (model::CollectionName{"r", "o"}));
  EXPECT_EQ(of_it.references[1].column, "z");
}

}  // namespace
}  // namespace wherry::stores::mysql
