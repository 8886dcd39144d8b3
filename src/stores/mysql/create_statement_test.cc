#include "stores/mysql/create_statement.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::stores::mysql {
namespace {

std::optional<model::CollectionName> to_new(const model::CollectionName& name) {
  if (name.schema != "shop") return std::nullopt;
  return model::CollectionName{"new", name.name + "_n"};
}

const ServerVersion mariadb{Flavour::mariadb, 101106, ""};
const ServerVersion mysql57{Flavour::mysql, 50729, ""};

std::string rewritten(std::string_view shown, const ServerVersion& target = mariadb) {
  return rewrite_create(shown, {"shop", "a`b"}, to_new, target);
}

TEST(CreateStatement, names_are_exchanged_and_the_rest_stays) {
  EXPECT_EQ(
      rewritten("CREATE TABLE `a``b` (\n  `REFERENCES` int(11) DEFAULT NULL COMMENT "
                "'REFERENCES `x`',\n  CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `p` (`id`),\n"
                "  CONSTRAINT `g` FOREIGN KEY (`q`) REFERENCES `shop`.`q` (`id`)\n) "
                "ENGINE=InnoDB AUTO_INCREMENT=7"),
      "CREATE TABLE `new`.`a``b_n` (\n  `REFERENCES` int(11) DEFAULT NULL COMMENT "
      "'REFERENCES `x`',\n  CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `new`.`p_n` (`id`),\n"
      "  CONSTRAINT `g` FOREIGN KEY (`q`) REFERENCES `new`.`q_n` (`id`)\n) "
      "ENGINE=InnoDB AUTO_INCREMENT=7");
}

TEST(CreateStatement, executable_comments_are_opened) {
  EXPECT_EQ(
      rewritten("CREATE TABLE `a` (`k` int) ENGINE=InnoDB\n/*!50100 PARTITION BY HASH (k) */"),
      "CREATE TABLE `new`.`a``b_n` (`k` int) ENGINE=InnoDB\n PARTITION BY HASH (k) ");
}

TEST(CreateStatement, places_on_the_sources_disk_are_left_out) {
  EXPECT_EQ(rewritten("CREATE TABLE `a` (`data` int /*!50606 COLUMN_FORMAT FIXED */) ENGINE=InnoDB "
                      "/*!50100 TABLESPACE `ts` */ DATA DIRECTORY='/x/' COMPRESSION='zlib' "
                      "ENCRYPTION='Y' ROW_FORMAT=DYNAMIC"),
            "CREATE TABLE `new`.`a``b_n` (`data` int ) ENGINE=InnoDB     ROW_FORMAT=DYNAMIC");
}

TEST(CreateStatement, what_only_mariadb_knows_is_left_out_for_a_mysql) {
  const std::string_view shown =
      "CREATE TABLE `a` (`c` varchar(9) /*M!100301 COMPRESSED*/ DEFAULT NULL, `j` longtext DEFAULT "
      "NULL CHECK (json_valid(`j`)), `check` int, CONSTRAINT `k` CHECK (`check` > (0) or ')' = "
      "''), CHECK (1)) ENGINE=InnoDB";
  EXPECT_EQ(rewritten(shown, mysql57),
            "CREATE TABLE `new`.`a``b_n` (`c` varchar(9)  DEFAULT NULL, `j` longtext DEFAULT NULL "
            ", `check` int) ENGINE=InnoDB");
  EXPECT_NE(rewritten(shown).find("`c` varchar(9)  COMPRESSED DEFAULT"), std::string::npos);
  EXPECT_NE(rewritten(shown).find("CONSTRAINT `k` CHECK (`check` > (0)"), std::string::npos);
}

TEST(CreateStatement, a_foreign_key_to_a_table_that_stays_is_refused_by_name) {
  try {
    rewritten(
        "CREATE TABLE `a` (`k` int, CONSTRAINT `f` FOREIGN KEY (`k`) REFERENCES `hr`.`p` "
        "(`id`))");
    FAIL() << "not refused";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), "target.foreign_key_outside");
    EXPECT_NE(e.message().find("hr.p"), std::string::npos);
  }
}

TEST(CreateStatement, what_is_not_a_create_table_is_refused) {
  EXPECT_THROW(rewritten("CREATE VIEW `a` AS SELECT 1"), base::Error);
}

}  // namespace
}  // namespace wherry::stores::mysql
