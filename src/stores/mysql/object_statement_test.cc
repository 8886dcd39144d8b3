#include "stores/mysql/object_statement.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"

namespace wherry::stores::mysql {
namespace {

using model::CollectionName;

// shop goes to shop2; its table old to archive.aged.
CollectionName route(const CollectionName& name) {
  if (name == CollectionName{"shop", "old"}) return {"archive", "aged"};
  return {name.schema == "shop" ? "shop2" : name.schema, name.name};
}

std::string moved(const std::string& sql, const DefinerMap& definers = {},
                  SqlDialect dialect = {}) {
  const auto statement = read_object(sql, dialect, "shop");
  if (!statement) return "not read";
  try {
    return rehome(sql, *statement, dialect, "shop", route, definers);
  } catch (const base::Error& e) {
    return std::string(e.code());
  }
}

TEST(ObjectStatement, its_head_tells_what_it_is_about) {
  const auto read = [](const std::string& sql) { return read_object(sql, {}, "d"); };
  const auto view = read(
      "CREATE ALGORITHM=MERGE DEFINER=`a b`@`%` SQL SECURITY INVOKER VIEW `s`.`v` AS SELECT 1");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->kind, ObjectKind::view);
  EXPECT_EQ(view->definer, "a b@%");
  EXPECT_EQ(view->names[0].name, (CollectionName{"s", "v"}));
  const auto dropped = read("DROP VIEW IF EXISTS a, `x`.`b` RESTRICT");
  ASSERT_TRUE(dropped);
  ASSERT_EQ(dropped->names.size(), 2U);
  EXPECT_EQ(dropped->names[0].name, (CollectionName{"d", "a"}));
  EXPECT_EQ(dropped->names[1].name, (CollectionName{"x", "b"}));
  EXPECT_EQ(read("create or replace /* x */ function if not exists f() returns int return 1")->kind,
            ObjectKind::function);
  EXPECT_EQ(read("CREATE DEFINER=CURRENT_USER() EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1")->kind,
            ObjectKind::event);
  EXPECT_EQ(read("/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON "
                 "x FOR EACH ROW SET @a=1 */")
                ->kind,
            ObjectKind::trigger);
  for (const char* other :
       {"CREATE TABLE view (id INT)", "DROP TABLE t", "ALTER TABLE t ADD event INT",
        "CREATE UNIQUE INDEX procedure ON t (a)", "CREATE USER a", "SELECT 1", "", "CREATE",
        "CREATE OR", "CREATE DEFINER", "CREATE DEFINER=a@"}) {
    EXPECT_FALSE(read(other)) << other;
  }
}

TEST(ObjectStatement, names_are_exchanged_where_they_are_certain) {
  EXPECT_EQ(moved("CREATE VIEW `shop`.`v` AS select `shop`.`t`.`a` AS `a`,`x`.`b` AS `b`,"
                  "`shop`.`f`(1) AS `c` from (`shop`.`t` join `shop`.`old` `x`)"),
            "CREATE OR REPLACE VIEW `shop2`.`v` AS select `shop2`.`t`.`a` AS `a`,`x`.`b` AS `b`,"
            "`shop2`.`f`(1) AS `c` from (`shop2`.`t` join `archive`.`aged` `x`)");
  EXPECT_EQ(moved("ALTER VIEW v AS SELECT 'shop' FROM t"),
            "CREATE OR REPLACE VIEW `shop2`.`v` AS SELECT 'shop' FROM t");
  EXPECT_EQ(moved("CREATE PROCEDURE p() COMMENT 'shop' SELECT shop . t.a, @shop FROM shop.t"),
            "CREATE PROCEDURE `shop2`.`p`() COMMENT 'shop' SELECT `shop2`.`t`.a, @shop FROM "
            "`shop2`.`t`");
}

TEST(ObjectStatement, what_may_be_another_thing_is_told) {
  // An alias, a table without its schema, a text that may be run.
  EXPECT_EQ(moved("CREATE VIEW v AS SELECT shop.a FROM t shop"), "objects.names");
  EXPECT_EQ(moved("CREATE PROCEDURE p() SELECT a FROM old"), "objects.names");
  EXPECT_EQ(moved("CREATE PROCEDURE p() SELECT old.a FROM x.y"), "objects.names");
  EXPECT_EQ(moved("CREATE PROCEDURE p() BEGIN SET @a = 'SELECT 1 FROM shop.t'; END"),
            "objects.names");
  EXPECT_EQ(moved("CREATE PROCEDURE p() BEGIN SET @a = CONCAT('SELECT 1 FROM `', 'old', '`'); END"),
            "objects.names");
  EXPECT_EQ(moved("CREATE PROCEDURE p() BEGIN SET @a = 'workshop'; END"),
            "CREATE PROCEDURE `shop2`.`p`() BEGIN SET @a = 'workshop'; END");
}

TEST(ObjectStatement, a_table_with_columns_is_not_taken_for_a_routine) {
  EXPECT_EQ(moved("CREATE PROCEDURE p() INSERT INTO shop.old (a) VALUES (shop.f(1))"),
            "CREATE PROCEDURE `shop2`.`p`() INSERT INTO `archive`.`aged` (a) VALUES "
            "(`shop2`.`f`(1))");
  EXPECT_EQ(moved("CREATE PROCEDURE p() REPLACE shop.old (a) VALUES (1)"), "objects.names");
}

TEST(ObjectStatement, triggers_and_events_keep_their_words) {
  EXPECT_EQ(moved("CREATE DEFINER=`a`@`%` TRIGGER  IF NOT EXISTS t  BEFORE INSERT ON x FOR EACH "
                  "ROW SET NEW.a=1"),
            "CREATE DEFINER=`a`@`%` TRIGGER  IF NOT EXISTS t  BEFORE INSERT ON x FOR EACH ROW SET "
            "NEW.a=1");
  EXPECT_EQ(moved("CREATE TRIGGER shop.t AFTER DELETE ON shop . x FOR EACH ROW INSERT INTO shop.y "
                  "(a) VALUES (OLD.a)"),
            "CREATE TRIGGER `shop2`.`t` AFTER DELETE ON `shop2`.`x` FOR EACH ROW INSERT INTO "
            "`shop2`.`y` (a) VALUES (OLD.a)");
  EXPECT_EQ(moved("CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY DO DELETE FROM shop.x"),
            "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY DO DELETE FROM `shop2`.`x`");
  EXPECT_EQ(moved("CREATE TRIGGER t AFTER DELETE ON old FOR EACH ROW SET @a=1"), "objects.names");
  const auto trigger =
      read_object("CREATE TRIGGER t AFTER UPDATE ON `a`.b FOR EACH ROW SET @a=1", {}, "d");
  ASSERT_TRUE(trigger && trigger->table);
  EXPECT_EQ(trigger->table->name, (CollectionName{"a", "b"}));
}

TEST(ObjectStatement, definers_are_mapped) {
  const DefinerMap map{{"a@%", "b`c@10.%"}};
  EXPECT_EQ(moved("CREATE DEFINER=`a`@`%` PROCEDURE p() SELECT 1", map),
            "CREATE DEFINER=`b``c`@`10.%` PROCEDURE `shop2`.`p`() SELECT 1");
  EXPECT_EQ(
      moved("CREATE DEFINER=\"a\"@\"%\" PROCEDURE \"p\"() SELECT 1", map, {.ansi_quotes = true}),
      "CREATE DEFINER=`b``c`@`10.%` PROCEDURE `shop2`.`p`() SELECT 1");
  EXPECT_EQ(moved("CREATE DEFINER=`z`@`%` PROCEDURE p() SELECT 1", map),
            "CREATE DEFINER=`z`@`%` PROCEDURE `shop2`.`p`() SELECT 1");
}

}  // namespace
}  // namespace wherry::stores::mysql
