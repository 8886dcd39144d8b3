#include "stores/mysql/table_fingerprint.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::stores::mysql {
namespace {

std::string of(std::string_view shown, const model::CollectionName& table) {
  return fingerprint_of(shown, table, {"shop", "t"});
}

TEST(TableFingerprint, leaves_out_the_name_the_next_number_and_made_up_names) {
  EXPECT_EQ(
      of("CREATE TABLE `t` (`id` int AUTO_INCREMENT, CONSTRAINT `t_ibfk_1` FOREIGN KEY (`id`) "
         "REFERENCES `p` (`id`)) ENGINE=InnoDB AUTO_INCREMENT=7 COMMENT='a'",
         {"shop", "t"}),
      of("CREATE TABLE `u` (`id` int AUTO_INCREMENT, CONSTRAINT `u_ibfk_1` FOREIGN KEY (`id`) "
         "REFERENCES `shop`.`p` (`id`)) ENGINE=InnoDB COMMENT='a'",
         {"_wherry_shadow", "u"}));
}

TEST(TableFingerprint, knows_references_to_the_table_itself) {
  EXPECT_EQ(of("CREATE TABLE `t` (FOREIGN KEY (`a`) REFERENCES `t` (`a`))", {"shop", "t"}),
            of("CREATE TABLE `t` (FOREIGN KEY (`a`) REFERENCES `shop`.`t` (`a`))",
               {"_wherry_shadow", "t"}));
}

TEST(TableFingerprint, tells_any_other_difference) {
  const model::CollectionName t{"shop", "t"};
  const std::string one = of("CREATE TABLE `t` (`a` int DEFAULT 1)", t);
  EXPECT_NE(one, of("CREATE TABLE `t` (`a` int DEFAULT '1')", t));
  EXPECT_NE(one, of("CREATE TABLE `t` (`a` int DEFAULT 1, KEY `a` (`a`))", t));
  EXPECT_NE(one, of("CREATE TABLE `t` (`a` int DEFAULT 1) COMMENT='x'", t));
  EXPECT_NE(of("CREATE TABLE `t` (FOREIGN KEY (`a`) REFERENCES `p` (`a`))", t),
            of("CREATE TABLE `t` (FOREIGN KEY (`a`) REFERENCES `q` (`a`))", t));
  EXPECT_THROW(of("CREATE VIEW `t` AS SELECT 1", t), base::Error);
}

}  // namespace
}  // namespace wherry::stores::mysql
